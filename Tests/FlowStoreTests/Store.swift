// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FlowStore
import JSON
import PostgreSQL
import TestSupport
import Testing

/// An empty store, and short ways to fill and look at it.
struct Store {
    static let account = "123456789012"
    static let tables =
        "flows, flow_definitions, flow_activity, live_runs, run_history, command_outcomes, consumer_offsets, outbox, "
        + "staged_uploads, flow_profiles, connector_profiles, connector_registrations"

    let connection: PostgresConnection
    let commands: CommandStore
    let runs: RunStore

    init() throws {
        connection = try testDatabase.connect()
        commands = CommandStore(connection)
        runs = RunStore(connection)
        try connection.script("TRUNCATE \(Self.tables)")
    }

    static func id(_ number: Int) -> String {
        let digits = String(number)
        return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    static func input(_ name: String, description: String = "plain", mapped: String = "id") -> JSONObject {
        [
            "flowName": .string(name), "description": .string(description),
            "triggerConfig": ["triggerType": "OnDemand"],
            "sourceFlowConfig": [
                "connectorType": "S3", "sourceConnectorProperties": ["S3": ["bucketName": "in", "bucketPrefix": "x"]],
            ],
            "destinationFlowConfigList": [
                ["connectorType": "S3", "destinationConnectorProperties": ["S3": ["bucketName": "out"]]]
            ],
            "tasks": [
                ["taskType": "Map", "sourceFields": [.string(mapped)], "destinationField": .string(mapped)]
            ],
        ]
    }

    /// The same, to two buckets.
    static func severalInput(_ name: String) -> JSONObject {
        var input = input(name)
        input["destinationFlowConfigList"] = [
            ["connectorType": "S3", "destinationConnectorProperties": ["S3": ["bucketName": "out"]]],
            ["connectorType": "S3", "destinationConnectorProperties": ["S3": ["bucketName": "other"]]],
        ]
        return input
    }

    static func command(
        _ number: Int, _ operation: String, _ name: String = "orders", token: String? = nil, digest: String = "d",
        input: JSONObject? = nil
    ) -> Command {
        let needsDefinition = operation == "CreateFlow" || operation == "UpdateFlow"
        return Command(
            id: id(number), operation: operation, account: account, region: "us-east-1", principal: "arn:me",
            flowName: name, token: token, digest: digest, replyTo: nil, expiresAt: .max,
            input: input ?? (needsDefinition ? Self.input(name) : ["flowName": .string(name)]))
    }

    /// Loads, applies and commits a batch, as a controller does.
    @discardableResult
    func apply(_ batch: [Command], meanwhile: () throws -> Void = {}) throws -> [Outcome?] {
        var (workspace, now) = try commands.load(for: batch)
        let outcomes = batch.map { CommandApplication(now: now).apply($0, to: &workspace) }
        try meanwhile()
        _ = try connection.pipeline(CommandStore.steps(for: workspace, now: now), transaction: true)
        return outcomes
    }

    /// Applies commands in order, some of them at once, as chance has it.
    func applyInBatches(_ commands: [Command], _ random: inout Random) throws -> [Outcome?] {
        var outcomes: [Outcome?] = []
        var rest = commands[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Int.random(in: 1...15, using: &random))
            outcomes += try apply(Array(batch))
            rest = rest.dropFirst(batch.count)
        }
        return outcomes
    }

    /// Flows with these numbers as ids and the names `flow-N`, each with a queued run of the id N + 1000.
    func startRuns(_ numbers: ClosedRange<Int>) throws {
        try apply(numbers.map { Self.command($0, "CreateFlow", "flow-\($0)") })
        try apply(numbers.map { Self.command($0 + 1_000, "StartFlow", "flow-\($0)") })
    }

    func claim(
        _ ids: [Int], owner: String = "worker", lease: Int = 60_000,
        capabilities: [String] = RunCapability.all
    ) throws -> [ClaimedRun] {
        try runs.claim(
            [.offered(ids.map(Self.id))], owner: owner, leaseMilliseconds: lease, capabilities: capabilities)
    }

    /// The lease of a run has run out.
    func expire(_ run: Int) throws {
        try connection.script(
            "UPDATE live_runs SET lease_until = clock_timestamp() - interval '1 second' WHERE run_id = '\(Self.id(run))'"
        )
    }

    func claimExpired(owner: String = "rescuer") throws -> [ClaimedRun] {
        try runs.claim(
            [.expired(limit: 10)], owner: owner, leaseMilliseconds: 60_000,
            capabilities: RunCapability.all)
    }

    func state(_ run: Int) throws -> String? {
        try connection.lines(
            "SELECT state, attempt, failures, manifest IS NOT NULL FROM live_runs WHERE run_id = '\(Self.id(run))'"
        ).first
    }

    // MARK: Writes

    static func manifest(_ run: Int, _ attempt: Int64, uploads: [String] = ["u"], bytes: Int64 = 1) -> RunWrite {
        let figures = RunFigures(records: 3, bytesRead: 2, bytesWritten: bytes)
        let manifest = OutputManifest(
            files: uploads.map { .init(bucket: "out", key: "key", uploadID: $0, parts: [.init(number: 1, etag: "e")]) },
            figures: figures, message: "done")
        return .manifest(runID: id(run), attempt: attempt, manifest: manifest.encoded(), figures: figures)
    }

    static func end(_ run: Int, _ attempt: Int64, _ state: RunState = .successful) -> RunWrite {
        .end(
            runID: id(run), attempt: attempt, state: state, endedAt: 1_700_000_000_000_000,
            figures: RunFigures(records: 3, bytesRead: 2, bytesWritten: 1), message: "ended", eventHeaders: "{}",
            eventValue: "event of \(run)")
    }

    static func requeue(_ run: Int, _ attempt: Int64, failed: Bool = true, delay: Int = 0) -> RunWrite {
        .requeue(
            runID: id(run), attempt: attempt, delayMilliseconds: delay, failed: failed, error: failed ? "it broke" : nil
        )
    }

    static func upload(_ run: Int, _ attempt: Int64, _ uploadID: String) -> RunWrite {
        .recordUpload(runID: id(run), attempt: attempt, bucket: "out", key: "key", uploadID: uploadID)
    }
}
