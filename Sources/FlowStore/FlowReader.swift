// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
public import PostgreSQL

/// The last run of a flow, as DescribeFlow and ListFlows show it.
public struct LastRun: Sendable, Equatable {
    public let state: RunState
    /// Microseconds since 1970.
    public let at: Int64
    public let message: String
}

/// One run in the history of a flow.
public struct RunRecord: Sendable, Equatable {
    /// What the record of a run says that went well and has nothing more to tell (AppFlow's own text).
    public static let plainSuccess = "Successfully ran the flow"

    public let runID: String
    public let state: RunState
    /// Microseconds since 1970.
    public let queuedAt: Int64
    public let startedAt: Int64?
    public let updatedAt: Int64
    public let figures: RunFigures
    public let putFailures: Int64
    public let message: String?
    /// Of each destination in the flow's order; empty for a flow with one, and for a run that no worker carried to its
    /// end.
    public let destinations: [DestinationResult]
}

/// The api's reads. Each is one indexed statement: the cost does not grow with the number of flows or runs.
public struct FlowReader {
    let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    private static let flowColumns = """
        f.uuid, f.account, f.name, f.version, f.revision, f.schema_version, f.status, f.status_message, f.description,
        f.trigger_type, f.source_type, f.destination_type, f.tags, millrace_microseconds(f.created_at),
        millrace_microseconds(f.updated_at), f.created_by, f.updated_by, f.capabilities
        """

    /// Each flow is looked up for itself (OFFSET 0 keeps the planner from joining whole tables), in one statement.
    private static let describeStatement = SQLStatement(
        "describe_flows",
        """
        SELECT found.*, k.place FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (account, name, place)
        CROSS JOIN LATERAL (
            SELECT \(flowColumns), d.definition, r.state AS live_state,
                millrace_microseconds(coalesce(r.started_at, r.queued_at)) AS live_at, h.state AS last_state,
                millrace_microseconds(h.ended_at) AS last_at, h.message AS last_message
            FROM flows f
            JOIN flow_definitions d ON d.flow_uuid = f.uuid AND d.revision = f.revision
            LEFT JOIN live_runs r ON r.flow_uuid = f.uuid AND r.part = 0
            LEFT JOIN LATERAL (
                SELECT state, ended_at, message FROM run_history h
                WHERE h.flow_uuid = f.uuid ORDER BY queued_at DESC, run_id DESC LIMIT 1
            ) h ON true
            WHERE f.account = k.account AND f.name = k.name OFFSET 0
        ) found
        """)

    /// The runs and the activity of each flow of the page are looked up for themselves: see `describeStatement`.
    private static let listStatement = SQLStatement(
        "list_flows",
        """
        SELECT \(flowColumns), NULL, r.state, millrace_microseconds(coalesce(r.started_at, r.queued_at)),
            a.last_run_state, millrace_microseconds(a.last_run_at), a.last_run_message
        FROM (SELECT * FROM flows WHERE account = $1 AND name > $2 ORDER BY name LIMIT $3) f
        LEFT JOIN LATERAL (
            SELECT state, started_at, queued_at FROM live_runs WHERE flow_uuid = f.uuid AND part = 0 OFFSET 0
        ) r ON true
        LEFT JOIN LATERAL (
            SELECT last_run_state, last_run_at, last_run_message FROM flow_activity WHERE flow_uuid = f.uuid OFFSET 0
        ) a ON true
        ORDER BY f.name
        """)

    private static let findStatement = SQLStatement(
        "find_flow", "SELECT uuid FROM flows WHERE account = $1 AND name = $2")

    /// By name, so that nobody has to ask for the uuid first.
    static let ofFlow = "flow_uuid = (SELECT uuid FROM flows WHERE account = $1 AND name = $5)"

    private static let recordsStatement = SQLStatement(
        "run_records",
        """
        (SELECT run_id, state, millrace_microseconds(queued_at), millrace_microseconds(started_at),
            millrace_microseconds(updated_at), records, bytes_read, bytes_written, 0, last_error,
            NULL::text
         FROM live_runs WHERE \(ofFlow) AND part = 0 AND (queued_at, run_id) < (millrace_time($2), $3::uuid))
        UNION ALL
        (SELECT run_id, state, millrace_microseconds(queued_at), millrace_microseconds(started_at),
            millrace_microseconds(ended_at), records, bytes_read, bytes_written, put_failures, message,
            destination_results
         FROM run_history WHERE \(ofFlow) AND (queued_at, run_id) < (millrace_time($2), $3::uuid)
         ORDER BY queued_at DESC, run_id DESC LIMIT $4)
        ORDER BY 3 DESC, 1 DESC LIMIT $4
        """)

    private static let outcomeStatement = SQLStatement(
        "find_outcome",
        """
        SELECT digest, response, details FROM command_outcomes
        WHERE account = $1 AND operation = $2 AND scope = $3 AND token = $4 AND expires_at > clock_timestamp()
        """)

    private static let keyStatement = SQLStatement("service_key", "SELECT secret FROM service_keys WHERE name = $1")

    /// A flow with its definition, and its last run.
    public typealias Description = (flow: FlowRecord, lastRun: LastRun?)

    /// The flow with its definition; nil when there is none.
    public func describe(_ key: FlowKey) throws(PostgresError) -> Description? { try describe([key])[0] }

    /// The same of several at once, in their order.
    public func describe(_ keys: [FlowKey]) throws(PostgresError) -> [Description?] {
        let rows = try connection.execute(
            Self.describeStatement, [.textArray(keys.map { $0.account }), .textArray(keys.map { $0.name })])
        var found = [Description?](repeating: nil, count: keys.count)
        for row in 0..<rows.count {
            guard let place = rows.int(row, FlowRows.width + 5), found.indices.contains(Int(place) - 1) else {
                continue
            }
            found[Int(place) - 1] = (FlowRows.record(rows, row), Self.lastRun(rows, row))
        }
        return found
    }

    /// Flows of an account by name, after `name` (empty: from the first).
    public func list(
        account: String, after name: String, limit: Int
    ) throws -> [(flow: FlowRecord, lastRun: LastRun?)] {
        let rows = try connection.execute(
            Self.listStatement, [.text(account), .text(name), .int(Int64(limit))])
        return (0..<rows.count).map { (FlowRows.record(rows, $0), Self.lastRun(rows, $0)) }
    }

    /// Where a page of run records begins: after (older than) this run.
    public struct RunPosition: Sendable, Equatable {
        public let queuedAt: Int64
        public let runID: String

        public init(queuedAt: Int64, runID: String) {
            self.queuedAt = queuedAt
            self.runID = runID
        }

        /// Before the newest run. The year 9999: far beyond any run, and a timestamp PostgreSQL can hold.
        public static let newest = RunPosition(
            queuedAt: 253_370_764_800_000_000, runID: "ffffffff-ffff-ffff-ffff-ffffffffffff")
    }

    /// A flow and runs of it that the filter takes, newest first; nil when there is no such flow. One round trip. Reads the
    /// flow's runs down to where the page is full.
    public func records(
        of key: FlowKey, after position: RunPosition, limit: Int, filter: RunRecordFilter = RunRecordFilter()
    ) throws -> (flowUUID: String, runs: [RunRecord])? {
        let page: [SQLValue] = [
            .text(key.account), .int(position.queuedAt), .text(position.runID), .int(Int64(limit)), .text(key.name),
        ]
        let runs =
            filter.isEmpty ? (Self.recordsStatement, page) : (Self.filteredStatement, page + filter.parameters)
        let answers = try connection.pipeline(
            [(Self.findStatement, [.text(key.account), .text(key.name)]), runs], transaction: false)
        guard let uuid = answers[0].text(0, 0) else { return nil }
        return (uuid, (0..<answers[1].count).map { Self.runRecord(answers[1], $0) })
    }

    static func runRecord(_ rows: SQLRows, _ row: Int) -> RunRecord {
        RunRecord(
            runID: rows.text(row, 0) ?? "", state: RunState(rawValue: rows.text(row, 1) ?? "") ?? .error,
            queuedAt: rows.int(row, 2) ?? 0, startedAt: rows.int(row, 3), updatedAt: rows.int(row, 4) ?? 0,
            figures: RunFigures(
                records: rows.int(row, 5) ?? 0, bytesRead: rows.int(row, 6) ?? 0, bytesWritten: rows.int(row, 7) ?? 0),
            putFailures: rows.int(row, 8) ?? 0, message: rows.text(row, 9),
            destinations: rows.text(row, 10).flatMap { try? DestinationResult.decoded($0) } ?? [])
    }

    /// What a command with this token was answered; nil when nothing was kept.
    public func outcome(_ key: TokenKey) throws -> StoredOutcome? {
        let rows = try connection.execute(
            Self.outcomeStatement,
            [.text(key.account), .text(key.operation), .text(key.scope), .text(key.token)])
        guard rows.count > 0 else { return nil }
        return StoredOutcome(
            digest: rows.text(0, 0) ?? "", response: rows.text(0, 1) ?? "{}",
            details: OutcomeDetails(text: rows.text(0, 2) ?? ""))
    }

    /// A key that all instances share; nil before the migrations have run.
    public func serviceKey(_ name: String) throws -> String? {
        let rows = try connection.execute(Self.keyStatement, [.text(name)])
        return rows.count > 0 ? rows.text(0, 0) : nil
    }

    /// A run that has not ended is the last one; else the newest that did.
    private static func lastRun(_ rows: SQLRows, _ row: Int) -> LastRun? {
        if let state = RunState(rawValue: rows.text(row, FlowRows.width) ?? "") {
            return LastRun(state: state, at: rows.int(row, FlowRows.width + 1) ?? 0, message: "")
        }
        guard let state = RunState(rawValue: rows.text(row, FlowRows.width + 2) ?? "") else { return nil }
        return LastRun(
            state: state, at: rows.int(row, FlowRows.width + 3) ?? 0, message: rows.text(row, FlowRows.width + 4) ?? "")
    }
}
