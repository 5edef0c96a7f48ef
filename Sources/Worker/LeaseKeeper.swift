// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FlowStore
import JSON
import Observability
import PostgreSQL
import RoleSupport
import Threading

/// Renews the leases of the runs in hand every second, on a connection of its own, and learns by the answers of cancels
/// and of runs that were lost. Reports progress: into the store and as events.
final class LeaseKeeper: Sendable {
    private static let everyMilliseconds = 700
    /// Runs claimed ahead that no slot has taken by then are given back to others.
    private static let waitingMilliseconds = 2_000

    private let configuration: WorkerConfiguration
    private let inHand: RunsInHand
    private let conclusion: RunConclusion
    private let bus: MessageBus
    private let clock: WorkerClock
    private let metrics: WorkerMetrics
    private let logger: Logger
    private let stop: StopSignal

    init(
        configuration: WorkerConfiguration, inHand: RunsInHand, conclusion: RunConclusion, bus: MessageBus,
        clock: WorkerClock, metrics: WorkerMetrics, logger: Logger, stop: StopSignal
    ) {
        self.configuration = configuration
        self.inHand = inHand
        self.conclusion = conclusion
        self.bus = bus
        self.clock = clock
        self.metrics = metrics
        self.logger = logger
        self.stop = stop
    }

    /// Until when a lease can be trusted that was asked for at this moment, in monotonic milliseconds.
    static func trustedUntil(asked: Int, leaseMilliseconds: Int) -> Int {
        asked + leaseMilliseconds - max(200, leaseMilliseconds / 10)
    }

    /// Runs until nothing is in hand after the stop signal, on a thread of its own.
    func run() {
        var connection: PostgresConnection?
        let ticker = StopSignal()
        while !(stop.isRaised && inHand.isIdle) {
            ticker.wait(milliseconds: min(Self.everyMilliseconds, configuration.leaseMilliseconds / 4))
            giveBackWaiting()
            do {
                let current = try connection ?? PostgresConnection.connect(configuration.database, logger: logger)
                connection = current
                try clock.refresh(current)
                try renew(current)
            } catch {
                // The leases go on until their time; then the handles are stale and their work stops by itself.
                logger.warning("leases cannot be renewed now", [.error: "\(error)"])
                connection?.close()
                connection = nil
            }
        }
        connection?.close()
    }

    private func renew(_ connection: PostgresConnection) throws {
        let handles = inHand.all
        if handles.isEmpty { return }
        let asked = MonotonicClock.milliseconds
        let owned = try RunStore(connection).renew(
            handles.map { (runID: $0.run.runID, attempt: $0.run.attempt, figures: $0.figures) },
            leaseMilliseconds: configuration.leaseMilliseconds)
        let until = Self.trustedUntil(asked: asked, leaseMilliseconds: configuration.leaseMilliseconds)
        for handle in handles {
            guard let answer = owned[handle.run.runID] else {
                // Ended meanwhile by its own slot, or taken by another worker.
                handle.lose()
                continue
            }
            if answer.renewed { handle.trust(until: until) }
            if answer.state == .cancelStarted { handle.cancel() }
            if answer.renewed && handle.isExecuting { announce(handle, sequence: answer.sequence) }
        }
    }

    private func announce(_ handle: RunHandle, sequence: Int64) {
        let run = handle.run
        let event = RunEvent(
            kind: sequence <= 1 ? .started : .progress, account: run.account, flowUUID: run.flowUUID,
            flowName: run.flowName, runID: run.runID, attempt: run.attempt, sequence: sequence, queuedAt: run.queuedAt,
            startedAt: run.startedAt, occurredAt: clock.nowMicroseconds, figures: handle.figures, message: "")
        let envelope = Envelope(
            id: event.eventID, kind: .runEvent, source: "/millrace/worker/\(configuration.instance)",
            subject: run.flowUUID)
        // Progress is told again in a second: a lost message needs no care.
        bus.send(
            topic: Topics.runEvents, key: event.key, headers: envelope.headers, value: event.encoded().serialized()
        ) { _ in }
    }

    private func giveBackWaiting() {
        let now = MonotonicClock.milliseconds
        for handle in inHand.all
        where handle.isWaiting && (stop.isRaised || now - handle.claimedAt > Self.waitingMilliseconds) {
            guard handle.enter(.returned) else { continue }
            conclusion.conclude(handle, .giveBack) { [inHand] in inHand.release(handle) }
        }
    }
}
