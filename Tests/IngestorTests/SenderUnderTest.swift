// SPDX-License-Identifier: Apache-2.0
import AWSClient
import AppFlowAPI
import Cryptography
import FlowDomain
import HTTPClient
import HTTPServer
import JSON
import Kafka
import Observability
import PostgreSQL
import RoleSupport
import TestSupport
import Testing
import Threading

@testable import Ingestor

/// A command sender behind a server, on a broker of its own and the shared database; a test plays the controller.
final class SenderUnderTest {
    static let instance = "api-1"

    let broker: TestBroker
    let connection: PostgresConnection
    let pending: PendingCommands
    private let bus: MessageBus
    private let outcomes: OutcomeConsumer
    private let shared: SharedState
    private let reads: ReadPool
    private let sealers: DeadlinePool<DeadlineJob>
    private let server: HTTPServer
    private let stop = StopSignal()
    private let threads: [NamedThread]

    init(
        hasBroker: Bool = true, database: PostgresConfiguration? = nil, deadlineMilliseconds: Int = 30_000,
        maximumPending: Int = 100, sealing keys: SealingKeys? = nil, kms: KMSClient? = nil, waitingToSeal: Int = 10,
        sealingPatienceMilliseconds: Int = 60_000
    ) throws {
        connection = try testDatabase.connect()
        try connection.script("TRUNCATE command_outcomes")
        let database = try database ?? testDatabase.configuration()
        broker = try TestBroker(started: hasBroker)
        bus = broker.makeBus(stop: stop)
        let registry = MetricsRegistry()
        let answers = Answers(
            requests: registry.counter("requests", help: "", labels: ["operation", "status"]),
            seconds: registry.histogram("seconds", help: "", labels: ["operation"], buckets: [1]),
            logger: Logger(role: "test", level: .error))
        let configuration = IngestorConfiguration(
            server: HTTPServerConfiguration(address: "127.0.0.1", port: 0), database: database, authentication: .none,
            account: "1", region: "r", instance: Self.instance, commandDeadlineMilliseconds: deadlineMilliseconds)
        pending = PendingCommands(limit: maximumPending)
        shared = SharedState(database: database, logger: testLogger, stop: stop)
        reads = ReadPool(database: database, threads: 1, waiting: 10, statementMilliseconds: 5_000, logger: testLogger)
        outcomes = OutcomeConsumer(
            bus: bus, instance: Self.instance, pending: pending, answers: answers, logger: testLogger, stop: stop)
        let sender = CommandSender(
            configuration: configuration, bus: bus, outcomes: outcomes, pending: pending, reads: reads,
            answers: answers, shared: shared, stop: stop)
        sealers = DeadlinePool(name: "sealer", threads: 1, waiting: waitingToSeal)
        let profiles = ProfileRequests(
            sealing: CredentialSealing(keys: keys, kms: kms, logger: testLogger, isCancelled: { false }),
            threads: sealers, reads: reads, answers: answers, commands: sender,
            patienceMilliseconds: sealingPatienceMilliseconds)
        server = HTTPServer(configuration.server, logger: testLogger) { exchange in
            let operation = String(exchange.request.rawPath.dropFirst())
            do throws(APIError) {
                let input = (try? JSONValue.parse(exchange.request.body).objectValue) ?? [:]
                let caller = Caller(account: "1", principal: "arn:me", region: "r", mayWrite: true)
                if ProfileRequests.operations.contains(operation) {
                    try profiles.send(operation, input, caller, exchange)
                } else {
                    try sender.send(operation, input, caller, exchange)
                }
            } catch {
                answers.failure(error, to: exchange, operation: operation)
            }
        }
        reads.start()
        sealers.start()
        threads = [
            NamedThread("shared") { [shared] in shared.run() },
            NamedThread("outcomes") { [outcomes] in outcomes.run() },
            NamedThread("watch") { sender.watch() },
        ]
        try server.start()
    }

    deinit {
        stop.raise()
        server.shutdown(deadlineSeconds: 5)
        for thread in threads { thread.join() }
        reads.shutdown()
        sealers.shutdown()
        bus.shutdown(deadlineMilliseconds: 2_000)
        connection.close()
    }

    /// Waits until commands go through.
    func awaitReadiness() throws {
        try #require(eventually { shared.problem == nil && outcomes.isReady })
    }

    func awaitDatabase() throws { try #require(eventually { shared.problem == nil }) }

    struct Answer: Sendable {
        let status: Int
        let text: String
        let retryAfter: String?
    }

    /// Sends a request, as a client that waits for its answer on a thread of its own.
    func request(
        _ operation: String, _ body: String = #"{"flowName":"orders"}"#, _ headers: [(String, String)] = []
    ) -> Mailbox<Answer> {
        let answer = Mailbox<Answer>()
        let url = "http://127.0.0.1:\(server.port)/\(operation)"
        _ = NamedThread("client") {
            let request = HTTPClientRequest(
                method: "POST", url: url, headers: headers, body: Array(body.utf8), stallSeconds: 60)
            if let client = try? HTTPClient(),
                let (response, body) = try? client.perform(request, maximumBody: 1 << 20, isCancelled: { false })
            {
                _ = answer.offer(
                    Answer(
                        status: response.status, text: String(decoding: body, as: UTF8.self),
                        retryAfter: response.header("retry-after")))
            }
            answer.close()
        }
        return answer
    }

    /// The next commands that arrived, with their headers.
    func commands(_ consumer: KafkaConsumer, _ count: Int = 1) throws -> [(command: Command, message: KafkaMessage)] {
        try consumer.read(count).map { (try Command(decoding: JSONValue.parse($0.value ?? [])), $0) }
    }

    /// Stores the outcome of a command, as a controller does.
    func keep(_ response: String, of command: Command, digest: String) throws {
        let key = try #require(TokenKey(command))
        _ = try connection.execute(
            SQLStatement(
                "keep outcome",
                """
                INSERT INTO command_outcomes (account, operation, scope, token, digest, response, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, 'infinity')
                """),
            [
                .text(key.account), .text(key.operation), .text(key.scope), .text(key.token), .text(digest),
                .text(response),
            ])
    }

    /// Tells what became of commands, as a controller does.
    func tell(_ results: [(String, Outcome.Result)], to instance: String = SenderUnderTest.instance) {
        let batch = Outcome.encodedBatch(results.map { Outcome(commandID: $0.0, result: $0.1) })
        bus.send(topic: Topics.outcomes, key: instance, headers: [], value: batch.serialized()) { _ in }
    }
}

extension Mailbox {
    /// The one answer; nil when there is none within half a minute.
    func answer() -> Element? { take(upTo: 1, timeoutMilliseconds: 30_000).first }
}
