// SPDX-License-Identifier: Apache-2.0
public import Observability
public import RoleSupport
import Synchronization
import Threading

/// The worker: claims runs and executes them. The only role that talks to sources and destinations. Any number may run.
public final class WorkerRole: Sendable {
    private let configuration: WorkerConfiguration
    private let bus: MessageBus
    private let logger: Logger
    private let stop: StopSignal
    private let metrics: WorkerMetrics
    private let outbox: OutboxPublisher
    private let ledger: WriteLedger
    private let clock = WorkerClock()
    private let inHand: RunsInHand
    private let ready = Mailbox<SlotWork>()
    private let claims: ClaimLoop
    private let leases: LeaseKeeper
    private let claimers = Mutex<[NamedThread]>([])
    private let slots = Mutex<[NamedThread]>([])
    private let keeper = Mutex<NamedThread?>(nil)

    public init(
        configuration: WorkerConfiguration, bus: MessageBus, metrics: MetricsRegistry, logger: Logger, stop: StopSignal
    ) {
        self.configuration = configuration
        self.bus = bus
        self.logger = logger
        self.stop = stop
        let workerMetrics = WorkerMetrics(metrics)
        self.metrics = workerMetrics
        outbox = OutboxPublisher(bus: bus, database: configuration.database, logger: logger, stop: stop)
        ledger = WriteLedger(database: configuration.database, logger: logger)
        let inHand = RunsInHand(slots: configuration.slots)
        self.inHand = inHand
        metrics.onRender { workerMetrics.inHand.set(Double(inHand.count)) }
        claims = ClaimLoop(
            configuration: configuration, inHand: inHand, ready: ready, metrics: workerMetrics, logger: logger,
            stop: stop)
        leases = LeaseKeeper(
            configuration: configuration, inHand: inHand,
            conclusion: RunConclusion(
                configuration: configuration, ledger: ledger, clock: clock, metrics: workerMetrics, outbox: outbox,
                logger: logger), bus: bus, clock: clock,
            metrics: workerMetrics, logger: logger, stop: stop)
    }

    public func start() {
        outbox.start()
        ledger.start()
        let offers = OfferConsumer(bus: bus, claims: claims, logger: logger, stop: stop)
        let sweeper = UploadSweeper(configuration: configuration, logger: logger, stop: stop)
        let started = [
            NamedThread("claims") { [claims] in claims.run() },
            NamedThread("offers") { offers.run() },
            NamedThread("upload-sweeper") { sweeper.run() },
        ]
        claimers.withLock { $0 = started }
        keeper.withLock { $0 = NamedThread("leases") { [leases] in leases.run() } }
        slots.withLock { slots in
            slots = (0..<configuration.slots).map { index in
                NamedThread("slot-\(index)", stackSize: 1 << 20) { [self] in work() }
            }
        }
    }

    /// Whether it can execute runs now.
    public var readiness: [(name: String, ready: Bool, detail: String)] {
        [
            ("kafka", bus.problem == nil, bus.problem ?? ""),
            ("postgresql", ledger.problem == nil, ledger.problem ?? ""),
        ]
    }

    /// Lets runs finish for most of the deadline, gives back the others without burning an attempt, and ends; call after
    /// raising the stop signal.
    public func shutdown(deadlineMilliseconds: Int) {
        let end = MonotonicClock.milliseconds + deadlineMilliseconds
        inHand.drain()
        claims.close()
        for thread in claimers.withLock({ $0 }) { thread.join() }
        let pacer = StopSignal()
        while inHand.count > 0 && MonotonicClock.milliseconds < end - deadlineMilliseconds / 3 {
            pacer.wait(milliseconds: 20)
        }
        for handle in inHand.all { handle.yield() }
        while inHand.count > 0 && MonotonicClock.milliseconds < end { pacer.wait(milliseconds: 20) }
        if inHand.count > 0 {
            logger.warning("runs did not stop in time: their leases will run out", [.count: String(inHand.count)])
            return
        }
        ready.close()
        for thread in slots.withLock({ $0 }) { thread.join() }
        keeper.withLock { $0 }?.join()
        ledger.shutdown()
        bus.shutdown(deadlineMilliseconds: 2_000)
        outbox.join()
    }

    private func work() {
        let conclusion = RunConclusion(
            configuration: configuration, ledger: ledger, clock: clock, metrics: metrics, outbox: outbox, logger: logger
        )
        let executor = RunExecutor(
            configuration: configuration, ledger: ledger, conclusion: conclusion, metrics: metrics, logger: logger,
            stop: stop)
        while let work = ready.take(upTo: 1, timeoutMilliseconds: -1).first {
            switch work {
            case .execute(let handle):
                guard handle.enter(.executing) else { continue }
                executor.execute(
                    handle, staged: { [ready] in _ = ready.offerFirst(.publish($0)) }, done: { [self] in free(handle) })
            case .publish(let staged):
                executor.publish(staged) { [self] in free(staged.handle) }
            }
        }
    }

    private func free(_ handle: RunHandle) {
        inHand.release(handle)
        claims.wake()
    }
}
