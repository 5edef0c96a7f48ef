// SPDX-License-Identifier: Apache-2.0
import FlowStore
import Observability
import PostgreSQL
import Synchronization
import Threading

/// Writes what the slots want written: whatever waits goes into one transaction. One thread, one connection. While the
/// database is away the writes wait; the fencing token makes the late ones harmless.
final class WriteLedger: Sendable {
    private struct Entry: Sendable {
        let write: RunWrite
        let completion: @Sendable (RunWriteResult) -> Void
    }

    private static let batchLimit = 256

    private let database: PostgresConfiguration
    private let logger: Logger
    private let entries = Mailbox<Entry>()
    private let thread = Mutex<NamedThread?>(nil)
    private let problemText = Mutex<String?>("not connected yet")

    init(database: PostgresConfiguration, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    /// Why nothing can be written now; nil when it can.
    var problem: String? { problemText.withLock { $0 } }

    func start() {
        thread.withLock { $0 = NamedThread("run-ledger") { [self] in run() } }
    }

    /// Queues a write; the completion runs on the ledger's thread, in the order of the writes.
    func submit(_ write: RunWrite, completion: @escaping @Sendable (RunWriteResult) -> Void) {
        if !entries.offer(Entry(write: write, completion: completion)) { completion(.fenced) }
    }

    /// Writes and waits. `.fenced` after the ledger was closed.
    func perform(_ write: RunWrite) -> RunWriteResult {
        let answer = Mailbox<RunWriteResult>(capacity: 1)
        submit(write) { _ = answer.offer($0) }
        return answer.take(timeoutMilliseconds: -1).first ?? .fenced
    }

    /// Writes what is queued, for at most so long, and ends.
    func shutdown() {
        entries.close()
        thread.withLock { $0 }?.join()
    }

    private func run() {
        var connection: PostgresConnection?
        connection = connect(connection)
        while true {
            let batch = entries.take(upTo: Self.batchLimit, timeoutMilliseconds: -1)
            if batch.isEmpty { break }
            write(batch, &connection)
        }
        connection?.close()
    }

    private func write(_ batch: [Entry], _ connection: inout PostgresConnection?) {
        var delay = 20
        var tries = 0
        while true {
            tries += 1
            guard let current = connect(connection) else {
                // Closing with the database away: the leases will run out, and others take over.
                for entry in batch { entry.completion(.fenced) }
                return
            }
            connection = current
            do {
                let results = try RunStore(current).write(batch.map { $0.write })
                for (entry, result) in zip(batch, results) { entry.completion(result) }
                return
            } catch let error as PostgresError where error.kind == .permanent && !StoreGuard.lostRace(error) {
                if batch.count > 1 {
                    for entry in batch { write([entry], &connection) }
                    return
                }
                logger.error("a run's state cannot be written", [.error: "\(error)", .sqlState: error.sqlState ?? ""])
                batch[0].completion(.fenced)
                return
            } catch {
                logger.warning("the run ledger tries again", [.error: "\(error)"])
                problemText.withLock { $0 = "\(error)" }
                if current.isBroken || tries > 2 {
                    current.close()
                    connection = nil
                }
                if entries.isClosed && tries > 5 {
                    for entry in batch { entry.completion(.fenced) }
                    return
                }
                pause(delay)
                delay = min(delay * 2, 1_000)
            }
        }
    }

    /// A usable connection, however long it takes; nil when the ledger is closing and the database is away.
    private func connect(_ existing: PostgresConnection?) -> PostgresConnection? {
        if let existing, !existing.isBroken { return existing }
        existing?.close()
        var delay = 50
        while true {
            do {
                let fresh = try PostgresConnection.connect(database, logger: logger)
                problemText.withLock { $0 = nil }
                return fresh
            } catch {
                problemText.withLock { $0 = "\(error)" }
                if entries.isClosed { return nil }
                pause(delay)
                delay = min(delay * 2, 1_000)
            }
        }
    }

    private func pause(_ milliseconds: Int) {
        _ = Mailbox<Bool>().take(timeoutMilliseconds: milliseconds)
    }
}
