// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FlowStore
import Observability
import PostgreSQL
import RoleSupport
import Threading

/// Claims runs: those that are offered while there is room, and on a jittered poll the oldest that still wait or whose
/// lease ran out. So a full worker, a lost offer or a lost broker costs a delay, never a run.
final class ClaimLoop: Sendable {
    enum Signal: Sendable {
        case offered(String)
        case freed
    }

    private static let pollMilliseconds = 400...800

    private let configuration: WorkerConfiguration
    private let inHand: RunsInHand
    private let ready: Mailbox<SlotWork>
    private let signals = Mailbox<Signal>(capacity: 10_000)
    private let metrics: WorkerMetrics
    private let logger: Logger
    private let stop: StopSignal

    init(
        configuration: WorkerConfiguration, inHand: RunsInHand, ready: Mailbox<SlotWork>, metrics: WorkerMetrics,
        logger: Logger, stop: StopSignal
    ) {
        self.configuration = configuration
        self.inHand = inHand
        self.ready = ready
        self.metrics = metrics
        self.logger = logger
        self.stop = stop
    }

    /// Takes an offer up if there is room for it, else lets it pass.
    func offer(_ runID: String) {
        if inHand.free > 0 { _ = signals.offer(.offered(runID)) }
    }

    /// Room has become free.
    func wake() { _ = signals.offer(.freed) }

    func close() { signals.close() }

    /// Runs until the stop signal, on a thread of its own.
    func run() {
        var connection: PostgresConnection?
        var nextPoll = MonotonicClock.milliseconds + Int.random(in: 0...200)
        var nextRescue = MonotonicClock.milliseconds + Int.random(in: 0...configuration.leaseMilliseconds / 3)
        // While a poll comes back full, more is surely waiting: go on as soon as there is room.
        var hasBacklog = false
        while !stop.isRaised {
            let wait = max(0, nextPoll - MonotonicClock.milliseconds)
            let signals = signals.take(upTo: 1_000, timeoutMilliseconds: wait)
            let now = MonotonicClock.milliseconds
            var selections: [RunStore.Selection] = []
            var reserved = 0
            let offered = signals.compactMap { signal -> String? in
                if case .offered(let id) = signal { return id }
                return nil
            }
            if !offered.isEmpty {
                let granted = inHand.reserve(offered.count)
                if granted > 0 { selections.append(.offered(Array(offered.prefix(granted)))) }
                reserved += granted
            }
            let mayPoll = now >= nextPoll || hasBacklog
            var polled = 0
            if mayPoll && inHand.free > (hasBacklog ? configuration.slots / 2 : 0) {
                polled = inHand.reserve(.max / 2)
                if polled > 0 { selections.append(.oldest(limit: polled)) }
                reserved += polled
            }
            if now >= nextPoll { nextPoll = now + Int.random(in: Self.pollMilliseconds) }
            if now >= nextRescue && polled > 0 {
                // Of the room that was reserved half is for these.
                let rescued = max(1, polled / 2)
                selections = selections.filter { if case .oldest = $0 { false } else { true } }
                if polled > rescued { selections.append(.oldest(limit: polled - rescued)) }
                selections.append(.expired(limit: rescued))
                nextRescue =
                    now + Int.random(in: configuration.leaseMilliseconds / 6...configuration.leaseMilliseconds / 3)
            }
            if selections.isEmpty { continue }
            let claimed = claim(selections, reserved: reserved, &connection)
            if polled > 0 {
                hasBacklog = claimed >= polled
            } else if claimed == reserved {
                // Of a large batch only some runs are offered: where all of these were still there, more may be.
                hasBacklog = true
            }
        }
        connection?.close()
    }

    private func claim(
        _ selections: [RunStore.Selection], reserved: Int, _ connection: inout PostgresConnection?
    ) -> Int {
        // The lease is counted from before the question: the answer may take its time.
        let asked = MonotonicClock.milliseconds
        do {
            let current = try connection ?? PostgresConnection.connect(configuration.database, logger: logger)
            connection = current
            let runs = try RunStore(current).claim(
                selections, owner: configuration.instance, leaseMilliseconds: configuration.leaseMilliseconds,
                capabilities: RunCapability.all)
            let until = LeaseKeeper.trustedUntil(asked: asked, leaseMilliseconds: configuration.leaseMilliseconds)
            let handles = runs.map { RunHandle($0, trustedUntil: until) }
            inHand.settle(reserved: reserved, handles)
            metrics.claimed.increment(by: handles.count)
            for handle in handles { _ = ready.offer(.execute(handle)) }
            return handles.count
        } catch {
            inHand.settle(reserved: reserved, [])
            logger.warning("runs cannot be claimed now", [.error: "\(error)"])
            connection?.close()
            connection = nil
            stop.wait(milliseconds: 300)
            return 0
        }
    }
}
