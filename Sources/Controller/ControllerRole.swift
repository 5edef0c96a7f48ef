// SPDX-License-Identifier: Apache-2.0
public import Observability
import PostgreSQL
public import RoleSupport
import Synchronization
import Threading

/// The controller: consumes commands and run events and is the only writer of flows. Any number may run.
public final class ControllerRole: Sendable {
    private let configuration: ControllerConfiguration
    private let bus: MessageBus
    private let logger: Logger
    private let stop: StopSignal
    private let metrics: ControllerMetrics
    private let outbox: OutboxPublisher
    private let status = ControllerStatus()
    private let threads = Mutex<[NamedThread]>([])

    public init(
        configuration: ControllerConfiguration, bus: MessageBus, metrics: MetricsRegistry, logger: Logger,
        stop: StopSignal
    ) {
        self.configuration = configuration
        self.bus = bus
        self.logger = logger
        self.stop = stop
        self.metrics = ControllerMetrics(metrics)
        outbox = OutboxPublisher(bus: bus, database: configuration.database, logger: logger, stop: stop)
    }

    public func start() {
        outbox.start()
        let consumer = NamedThread("controller") { [self] in
            var loop = ConsumeLoop(
                configuration: configuration, bus: bus, outbox: outbox, metrics: metrics, status: status,
                logger: logger,
                stop: stop)
            loop.run()
        }
        let housekeeper = NamedThread("housekeeping") { [self] in
            Housekeeping(
                configuration: configuration, metrics: metrics, logger: logger, stop: stop
            ).run()
        }
        threads.withLock { $0 = [consumer, housekeeper] }
    }

    /// Whether it can apply commands now.
    public var readiness: [(name: String, ready: Bool, detail: String)] {
        [
            ("kafka", bus.problem == nil, bus.problem ?? ""),
            ("assignment", status.hasJoined, status.hasJoined ? "" : "waiting for partitions"),
            ("postgresql", status.databaseProblem == nil, status.databaseProblem ?? ""),
        ]
    }

    /// Finishes the batch under way and ends; call after raising the stop signal.
    public func shutdown(deadlineMilliseconds: Int) {
        for thread in threads.withLock({ $0 }) { thread.join() }
        bus.shutdown(deadlineMilliseconds: deadlineMilliseconds)
        outbox.join()
    }
}

/// What `/readyz` tells of a controller.
final class ControllerStatus: Sendable {
    private struct State {
        var hasJoined = false
        var databaseProblem: String? = "not connected yet"
    }

    private let state = Mutex(State())

    var hasJoined: Bool {
        get { state.withLock { $0.hasJoined } }
        set { state.withLock { $0.hasJoined = newValue } }
    }

    var databaseProblem: String? {
        get { state.withLock { $0.databaseProblem } }
        set { state.withLock { $0.databaseProblem = newValue } }
    }
}
