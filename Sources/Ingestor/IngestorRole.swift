// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import HTTPServer
public import Observability
public import RoleSupport
import Synchronization
import Threading

/// The api: takes requests in and answers them. Holds no lock and no state that matters; any number may run.
public final class IngestorRole: Sendable {
    /// Reads of a kind that may wait for their turn.
    private static let waitingReads = 2_000

    private let configuration: IngestorConfiguration
    private let bus: MessageBus
    private let logger: Logger
    private let stop: StopSignal
    private let server: HTTPServer
    private let reads: ReadPool
    private let descriptions: FlowDescriptions
    private let sealers: DeadlinePool<DeadlineJob>
    private let shared: SharedState
    private let outcomes: OutcomeConsumer
    private let commands: CommandSender
    private let credentials: CredentialsStore?
    private let threads = Mutex<[NamedThread]>([])

    /// Requests that may wait to be sealed: what two threads do well within their patience, without KMS.
    private static let waitingToSeal = 100

    /// - Throws: `CredentialsFileError`.
    public init(
        configuration: IngestorConfiguration, bus: MessageBus, metrics: MetricsRegistry, logger: Logger,
        stop: StopSignal
    ) throws {
        self.configuration = configuration
        self.bus = bus
        self.logger = logger
        self.stop = stop
        let answers = Answers(
            requests: metrics.counter(
                "millrace_requests_total", help: "Requests answered, by operation and status.",
                labels: ["operation", "status"]),
            seconds: metrics.histogram(
                "millrace_request_seconds", help: "Seconds from the whole request to its answer.",
                labels: ["operation"],
                buckets: [0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 10]),
            logger: logger)
        let pending = PendingCommands(limit: configuration.maximumPending)
        let gauge = metrics.gauge(
            "millrace_pending_commands", help: "Commands whose client waits for the outcome.", labels: [])
        metrics.onRender { gauge.set(Double(pending.count)) }
        // The model's tables are built on first use: not within the first request.
        _ = APIOperation.all
        _ = ConnectorCatalogue.all
        shared = SharedState(database: configuration.database, logger: logger, stop: stop)
        reads = ReadPool(
            database: configuration.database, threads: configuration.readers, waiting: Self.waitingReads,
            statementMilliseconds: configuration.readStatementMilliseconds, logger: logger)
        descriptions = FlowDescriptions(
            configuration: configuration, waiting: Self.waitingReads, answers: answers, logger: logger)
        sealers = DeadlinePool(name: "sealer", threads: configuration.sealers, waiting: Self.waitingToSeal)
        outcomes = OutcomeConsumer(
            bus: bus, instance: configuration.instance, pending: pending, answers: answers, logger: logger, stop: stop)
        commands = CommandSender(
            configuration: configuration, bus: bus, outcomes: outcomes, pending: pending, reads: reads,
            answers: answers, shared: shared, stop: stop)
        credentials = try Self.credentials(configuration, metrics: metrics, logger: logger)
        let store = StoreReads(
            pool: reads, answers: answers, patienceMilliseconds: configuration.readPatienceMilliseconds)
        let handler = RequestHandler(
            configuration: configuration,
            authenticator: Authenticator(
                credentials: credentials, account: configuration.account, region: configuration.region),
            answers: answers,
            reads: FlowReads(store: store, descriptions: descriptions, shared: shared),
            connectors: ConnectorReads(
                store: store, shared: shared, directory: RegisteredConnectors(region: configuration.region)),
            commands: commands,
            profiles: ProfileRequests(
                sealing: CredentialSealing(
                    keys: configuration.sealing, kms: configuration.keyManagement, logger: logger,
                    isCancelled: { stop.isRaised }),
                threads: sealers, reads: reads, answers: answers, commands: commands,
                patienceMilliseconds: configuration.sealingPatienceMilliseconds))
        server = HTTPServer(configuration.server, logger: logger) { handler.handle($0) }
    }

    private static func credentials(
        _ configuration: IngestorConfiguration, metrics: MetricsRegistry, logger: Logger
    ) throws(CredentialsFileError) -> CredentialsStore? {
        guard case .credentialsFile(let path) = configuration.authentication else { return nil }
        let store = try CredentialsStore(
            path: path, defaultAccount: configuration.account, logger: logger,
            reloads: metrics.counter(
                "millrace_credentials_reloads_total",
                help: "Changes of the credentials file, by whether they were taken over or refused.",
                labels: ["result"]))
        let gauge = metrics.gauge(
            "millrace_credentials", help: "Access keys and bearer tokens in force, expired ones included.", labels: [])
        metrics.onRender { gauge.set(Double(store.count)) }
        return store
    }

    /// - Throws: `HTTPServerError` when the address cannot be listened on.
    public func start() throws {
        reads.start()
        descriptions.start()
        sealers.start()
        var started = [
            NamedThread("shared-state") { [shared] in shared.run() },
            NamedThread("outcomes") { [outcomes] in outcomes.run() },
            NamedThread("deadlines") { [commands] in commands.watch() },
        ]
        if let credentials {
            started.append(NamedThread("credentials") { [stop] in credentials.run(until: stop) })
        }
        threads.withLock { $0 = started }
        try server.start()
        logger.info("api listening", [.address: "\(configuration.server.address):\(server.port)"])
    }

    /// Whether it can take commands now.
    public var readiness: [(name: String, ready: Bool, detail: String)] {
        [
            ("kafka", bus.problem == nil, bus.problem ?? ""),
            ("outcomes", outcomes.isReady, outcomes.isReady ? "" : "not listening for outcomes yet"),
            ("postgresql", shared.problem == nil, shared.problem ?? ""),
        ]
    }

    /// Takes in nothing more, answers those who wait, raises the stop signal and ends.
    public func shutdown(deadlineMilliseconds: Int) {
        // Everything else goes on until then: who waits needs it.
        server.shutdown(deadlineSeconds: max(1, deadlineMilliseconds / 1_000))
        stop.raise()
        for thread in threads.withLock({ $0 }) { thread.join() }
        // In this order: a read may go on with sealing.
        reads.shutdown()
        descriptions.shutdown()
        sealers.shutdown()
        bus.shutdown(deadlineMilliseconds: 2_000)
    }
}
