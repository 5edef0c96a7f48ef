// SPDX-License-Identifier: Apache-2.0
import Controller
import FlowDomain
import HTTPServer
import Ingestor
import Kafka
import Observability
import PostgreSQL
import RoleSupport
import Worker

/// Makes roles from settings and starts them. Each has a stop signal of its own, so that several in one process can stop
/// one after the other.
struct Wiring {
    let settings: Settings
    let process: RoleProcess

    private func bus(
        _ kafka: KafkaConfiguration, producesTo warmTopics: [String], lingerMilliseconds: Int = 0, logger: Logger,
        stop: StopSignal
    ) throws -> MessageBus {
        let topics = Topics.specifications(
            partitions: try settings.integer(.partitions, 1...1_000),
            replication: try settings.integer(.replication, 1...10))
        return MessageBus(
            configuration: kafka, topics: topics, warmTopics: warmTopics, lingerMilliseconds: lingerMilliseconds,
            logger: logger, stop: stop)
    }

    func startAPI(
        database: PostgresConfiguration, kafka: KafkaConfiguration?, authentication: AuthenticationMode,
        sealing: SealingKeyFiles? = nil
    ) throws -> RunningRole {
        let logger = try settings.logger(role: "api")
        let instance = try settings.instance(role: "api")
        let listen = try settings.address(.listen)
        if authentication == .none && !Self.isLoopback(listen.host) {
            throw UsageError(text: "MILLRACE_AUTH=none is accepted on loopback only, not on \(listen.host)")
        }
        let account = settings.text(.account)
        guard account.utf8.count == 12, account.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw UsageError(text: "MILLRACE_ACCOUNT_ID must be of 12 digits")
        }
        var server = HTTPServerConfiguration(address: listen.host, port: listen.port)
        server.maximumConnections = 4_096
        server.perAddressConnections = 2_048
        let configuration = IngestorConfiguration(
            server: server, database: database, authentication: authentication, account: account,
            region: settings.text(.region), instance: instance,
            commandDeadlineMilliseconds: try settings.integer(.commandSeconds, 1...60) * 1_000,
            isStrict: try settings.flag(.strict), sealing: try SealingKeyFiles.publicKeys(settings, sealing),
            keyManagement: try settings.keyManagement())
        let stop = StopSignal()
        let bus = try bus(
            kafka ?? settings.kafka(instance: instance), producesTo: [Topics.commands], logger: logger, stop: stop)
        let role: IngestorRole
        do {
            role = try IngestorRole(
                configuration: configuration, bus: bus, metrics: process.metrics, logger: logger, stop: stop)
        } catch {
            throw UsageError(text: "MILLRACE_CREDENTIALS_FILE: \(error)")
        }
        bus.start()
        try role.start()
        let gate = SchemaGate(database: database, logger: logger, stop: stop)
        gate.start {}
        return RunningRole(readiness: { role.readiness + [gate.readiness] }) {
            role.shutdown(deadlineMilliseconds: $0)
            _ = gate.close()
        }
    }

    func startController(database: PostgresConfiguration, kafka: KafkaConfiguration?) throws -> RunningRole {
        let logger = try settings.logger(role: "controller")
        let instance = try settings.instance(role: "controller")
        let stop = StopSignal()
        let bus = try bus(
            kafka ?? settings.kafka(instance: instance),
            producesTo: [Topics.outcomes, Topics.runs, Topics.runEvents, Topics.deadLetters], logger: logger, stop: stop
        )
        let role = ControllerRole(
            configuration: ControllerConfiguration(
                database: database, instance: instance,
                retentionDays: try settings.integer(.retentionDays, 1...36_500), quotas: try settings.quotas()),
            bus: bus, metrics: process.metrics, logger: logger, stop: stop)
        bus.start()
        let gate = SchemaGate(database: database, logger: logger, stop: stop)
        gate.start { role.start() }
        return RunningRole(readiness: { [gate.readiness] + role.readiness }) { deadline in
            stop.raise()
            if gate.close() {
                role.shutdown(deadlineMilliseconds: deadline)
            } else {
                bus.shutdown(deadlineMilliseconds: deadline)
            }
        }
    }

    func startWorker(
        database: PostgresConfiguration, kafka: KafkaConfiguration?, bucketRoot: String? = nil,
        sealing: SealingKeyFiles? = nil
    ) throws -> RunningRole {
        let logger = try settings.logger(role: "worker")
        let instance = try settings.instance(role: "worker")
        let stop = StopSignal()
        var stores = try settings.objectStores()
        if stores.bucketRoot == nil { stores.bucketRoot = bucketRoot }
        let configuration = WorkerConfiguration(
            database: database, instance: instance, slots: try settings.integer(.slots, 1...1_000),
            leaseMilliseconds: try settings.integer(.leaseSeconds, 1...3_600) * 1_000,
            attempts: AttemptPolicy(maximumFailures: try settings.integer(.maximumAttempts, 1...100)),
            objectStores: stores, pauseAfterManifest: settings.optional(.pauseAfterManifest),
            secrets: try SealingKeyFiles.secrets(settings, sealing))
        // Nobody waits for run events: who wants to know of a run asks the store.
        let bus = try bus(
            kafka ?? settings.kafka(instance: instance), producesTo: [Topics.runEvents], lingerMilliseconds: 25,
            logger: logger, stop: stop)
        let role = WorkerRole(
            configuration: configuration, bus: bus, metrics: process.metrics, logger: logger, stop: stop)
        bus.start()
        let gate = SchemaGate(database: database, logger: logger, stop: stop)
        gate.start { role.start() }
        return RunningRole(readiness: { [gate.readiness] + role.readiness }) { deadline in
            stop.raise()
            if gate.close() {
                role.shutdown(deadlineMilliseconds: deadline)
            } else {
                bus.shutdown(deadlineMilliseconds: deadline)
            }
        }
    }

    func authentication() throws -> AuthenticationMode {
        switch settings.text(.authentication) {
        case "none": return .none
        case "sigv4":
            guard let path = settings.optional(.credentialsFile) else {
                throw UsageError(
                    text: "MILLRACE_AUTH=sigv4 needs MILLRACE_CREDENTIALS_FILE (or MILLRACE_AUTH=none on loopback)")
            }
            return .credentialsFile(path)
        default: throw UsageError(text: "MILLRACE_AUTH must be sigv4 or none")
        }
    }

    private static func isLoopback(_ host: String) -> Bool { host == "::1" || host.hasPrefix("127.") }
}
