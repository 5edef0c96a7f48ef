// SPDX-License-Identifier: Apache-2.0
import Connectors
import FlowDomain
import Kafka
import Observability
import PostgreSQL
import RoleSupport
import TestSupport

@testable import Worker

/// A whole worker on a broker of its own, the shared database and faulty buckets; and the runs that it finds.
final class WorkerUnderTest {
    let connection: PostgresConnection
    let buckets = FaultyBuckets()
    let broker: TestBroker
    private let stop = StopSignal()
    private let role: WorkerRole
    private var isStopped = false

    /// - Parameter retryMilliseconds: how long a run waits at least after an attempt that failed.
    init(slots: Int = 1, leaseMilliseconds: Int = 4_000, retryMilliseconds: Int = 3_600_000) throws {
        connection = try testDatabase.connect()
        try connection.script(
            "TRUNCATE flows, flow_definitions, flow_activity, live_runs, run_history, outbox, staged_uploads CASCADE")
        broker = try TestBroker()
        var stores = S3Settings()
        stores.endpoint = buckets.server.url
        stores.timing.attempts = 2
        stores.timing.firstBackoffMilliseconds = 1
        stores.timing.stallSeconds = 300
        let configuration = WorkerConfiguration(
            database: try testDatabase.configuration(), instance: "me", slots: slots,
            leaseMilliseconds: leaseMilliseconds,
            attempts: AttemptPolicy(
                maximumFailures: 3, firstDelayMilliseconds: 2 * retryMilliseconds,
                maximumDelayMilliseconds: 2 * retryMilliseconds),
            objectStores: stores)
        role = WorkerRole(
            configuration: configuration, bus: broker.makeBus(stop: stop), metrics: MetricsRegistry(),
            logger: testLogger, stop: stop)
    }

    deinit { shutdown() }

    func start() { role.start() }

    func shutdown() {
        if isStopped { return }
        isStopped = true
        stop.raise()
        role.shutdown(deadlineMilliseconds: 9_000)
        connection.close()
    }

    static func id(_ number: Int) -> String {
        let digits = String(number)
        return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// Queues runs of flows of their own, which read what lies under a prefix of the source.
    func queue(_ numbers: ClosedRange<Int>, prefix: String) throws {
        try connection.script(
            """
            INSERT INTO flows (uuid, account, name, version, revision, schema_version, status, trigger_type, source_type,
                destination_type, created_at, updated_at, created_by, updated_by)
            SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, '1', 'flow-' || n, 1, 1, 1, 'Active',
                'OnDemand', 'S3', 'S3', now(), now(), 'me', 'me'
            FROM generate_series(\(numbers.lowerBound), \(numbers.upperBound)) n;
            INSERT INTO flow_definitions (flow_uuid, revision, schema_version, definition)
            SELECT uuid, 1, 1, '\(Self.definition(prefix))' FROM flows f
            WHERE NOT EXISTS (SELECT 1 FROM flow_definitions d WHERE d.flow_uuid = f.uuid);
            INSERT INTO live_runs (run_id, account, flow_uuid, flow_name, revision, schema_version, capabilities, state,
                queued_at, not_before, updated_at)
            SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '1',
                ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'flow-' || n, 1, 1, '{}', 'Queued',
                now(), now(), now()
            FROM generate_series(\(numbers.lowerBound), \(numbers.upperBound)) n
            """)
    }

    private static func definition(_ prefix: String) -> String {
        """
        {"flowName": "f", "triggerConfig": {"triggerType": "OnDemand"}, "sourceFlowConfig": {"connectorType": "S3",
        "sourceConnectorProperties": {"S3": {"bucketName": "source", "bucketPrefix": "\(prefix)"}}},
        "destinationFlowConfigList": [{"connectorType": "S3", "destinationConnectorProperties": {"S3":
        {"bucketName": "destination"}}}], "tasks": [{"taskType": "Map_all", "sourceFields": [], "connectorOperator":
        {"S3": "NO_OP"}, "taskProperties": {}}]}
        """
    }

    func cancel(_ number: Int) throws {
        try connection.script("UPDATE live_runs SET state = 'CancelStarted' WHERE run_id = '\(Self.id(number))'")
    }

    /// What a live run's row says.
    func live(_ number: Int, _ columns: String) throws -> String? {
        try connection.lines("SELECT \(columns) FROM live_runs WHERE run_id = '\(Self.id(number))'").first
    }

    /// How a run ended; nil while it has not.
    func end(_ number: Int) throws -> String? {
        try connection.value("SELECT state FROM run_history WHERE run_id = '\(Self.id(number))'")
    }
}
