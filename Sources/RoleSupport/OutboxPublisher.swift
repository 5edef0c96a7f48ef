// SPDX-License-Identifier: Apache-2.0
public import FlowStore
import JSON
import Kafka
public import Observability
public import PostgreSQL
import Synchronization
import Threading

/// Sends the messages of the outbox and deletes the rows that the broker has: those of this process's own transactions
/// at once, and those that anybody left behind after a while. A message may go out twice, always with the same id.
public final class OutboxPublisher: Sendable {
    /// Rows older than this were left behind: their sender is dead or its broker was away.
    private static let staleMilliseconds: Int64 = 3_000
    private static let sweepEveryMilliseconds = 1_000
    private static let sweepLimit: Int64 = 1_000
    private static let gatherMilliseconds = 100

    private let bus: MessageBus
    private let database: PostgresConfiguration
    private let logger: Logger
    private let stop: StopSignal
    private let delivered = Mailbox<Int64>()
    private let thread = Mutex<NamedThread?>(nil)
    /// Swept rows that are on their way: not to be sent again before their delivery is known.
    private let underway = Mutex<Set<Int64>>([])

    public init(bus: MessageBus, database: PostgresConfiguration, logger: Logger, stop: StopSignal) {
        self.bus = bus
        self.database = database
        self.logger = logger
        self.stop = stop
    }

    public func start() {
        thread.withLock { $0 = NamedThread("outbox") { [self] in run() } }
    }

    /// Sends a message whose row is committed.
    public func publish(_ row: OutboxStore.Row) {
        underway.withLock { _ = $0.insert(row.id) }
        bus.send(
            topic: row.topic, key: row.key, headers: Envelope.headers(fromText: row.headers),
            value: Array(row.value.utf8)
        ) { [self] error in
            if error == nil {
                _ = delivered.offer(row.id)
            } else {
                // It stays in the outbox; a sweep takes it up.
                underway.withLock { _ = $0.remove(row.id) }
            }
        }
    }

    /// Deletes what was delivered meanwhile and ends; called after `StopSignal` was raised and the bus was shut down.
    public func join() {
        delivered.close()
        thread.withLock { $0 }?.join()
    }

    private func run() {
        var connection: PostgresConnection?
        var lastSweep = MonotonicClock.milliseconds
        // The closed mailbox ends the loop, once it is drained: deliveries that came during the shutdown count.
        while !(delivered.isClosed && delivered.count == 0) {
            var ids = delivered.take(upTo: 5_000, timeoutMilliseconds: Self.sweepEveryMilliseconds / 4)
            if !ids.isEmpty {
                // Nobody waits for the deletion: one statement for many.
                stop.wait(milliseconds: Self.gatherMilliseconds)
                ids += delivered.take(upTo: 5_000, timeoutMilliseconds: 0)
            }
            do {
                let current = try connection ?? PostgresConnection.connect(database, logger: logger)
                connection = current
                if !ids.isEmpty {
                    let step = OutboxStore.deleteStep(ids)
                    _ = try current.execute(step.0, step.1)
                    underway.withLock { $0.subtract(ids) }
                }
                let now = MonotonicClock.milliseconds
                if now - lastSweep >= Self.sweepEveryMilliseconds && !stop.isRaised {
                    lastSweep = now
                    try sweep(current)
                }
            } catch {
                // Rows that stay are sent again by a sweep: a repeat, never a loss.
                underway.withLock { $0.subtract(ids) }
                connection?.close()
                connection = nil
                if stop.isRaised { break }
                stop.wait(milliseconds: 500)
            }
        }
        connection?.close()
    }

    private func sweep(_ connection: PostgresConnection) throws {
        guard bus.endpoint != nil else { return }
        let rows = try OutboxStore.takeStale(
            connection, olderThanMilliseconds: Self.staleMilliseconds, limit: Self.sweepLimit)
        let unsent = rows.filter { row in underway.withLock { !$0.contains(row.id) } }
        if unsent.isEmpty { return }
        logger.info("sending messages that were left in the outbox", [.count: String(unsent.count)])
        for row in unsent { publish(row) }
    }
}
