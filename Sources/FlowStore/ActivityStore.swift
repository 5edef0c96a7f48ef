// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
public import PostgreSQL

/// What runs have done to their flows: loaded, folded with events by `FlowActivity`, and written back in a batch.
public enum ActivityStore {
    /// An activity with the version of its row.
    public struct Versioned: Sendable {
        public var activity: FlowActivity
        public let version: Int64
        public var changed = false
    }

    private static let columns = """
        flow_uuid, version, last_run, millrace_microseconds(last_run_queued_at), millrace_microseconds(last_run_at),
        last_run_state, last_run_message, last_run_attempt, last_run_sequence, runs_ended, recent_ends,
        settled_queued_at, settled_run, settled_failures
        """

    private static let loadStatement = SQLStatement(
        "load_activity",
        """
        SELECT \(columns) FROM unnest($1::uuid[]) AS k (uuid)
        CROSS JOIN LATERAL (SELECT * FROM flow_activity a WHERE a.flow_uuid = k.uuid OFFSET 0) a
        """)

    private static let saveStatement = SQLStatement(
        "save_activity",
        """
        WITH k AS (
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::uuid[], $15::bigint[])
            AS k (flow_uuid, expected, last_run, queued_at, at, state, message, attempt, sequence, failures, ended,
                recent_ends, settled_queued_at, settled_run, settled_failures)
        ), u AS (
            UPDATE flow_activity a SET version = a.version + 1, last_run = k.last_run,
                last_run_queued_at = millrace_time(k.queued_at), last_run_at = millrace_time(k.at),
                last_run_state = k.state, last_run_message = k.message, last_run_attempt = k.attempt,
                last_run_sequence = k.sequence, consecutive_failures = k.failures, runs_ended = k.ended,
                recent_ends = k.recent_ends, settled_queued_at = k.settled_queued_at, settled_run = k.settled_run,
                settled_failures = k.settled_failures
            FROM k WHERE a.flow_uuid = k.flow_uuid AND a.version = k.expected
            RETURNING 1
        ), gone AS (
            SELECT 1 FROM k LEFT JOIN flow_activity a USING (flow_uuid) WHERE a.flow_uuid IS NULL
        )
        SELECT millrace_require(
            (SELECT count(*) FROM u) + (SELECT count(*) FROM gone) = cardinality($1::uuid[]), 'activity version')
        """)

    /// Flows that exist no more are absent from the answer: their events concern nobody.
    public static func load(
        _ connection: PostgresConnection, flowUUIDs: [String]
    ) throws -> [String: Versioned] {
        let rows = try connection.execute(loadStatement, [.textArray(flowUUIDs)])
        var found: [String: Versioned] = [:]
        for row in 0..<rows.count {
            var activity = FlowActivity()
            activity.lastRun = rows.text(row, 2)
            activity.lastRunQueuedAt = rows.int(row, 3) ?? 0
            activity.lastRunAt = rows.int(row, 4) ?? 0
            activity.lastRunState = rows.text(row, 5).flatMap(RunState.init(rawValue:))
            activity.lastRunMessage = rows.text(row, 6) ?? ""
            activity.lastRunAttempt = rows.int(row, 7) ?? 0
            activity.lastRunSequence = rows.int(row, 8) ?? 0
            activity.ends = RunEnds(
                recent: rows.text(row, 10) ?? "",
                settled: rows.text(row, 12).map { .init(queuedAt: rows.int(row, 11) ?? 0, runID: $0) },
                settledFailures: rows.int(row, 13) ?? 0, total: rows.int(row, 9) ?? 0)
            found[rows.text(row, 0) ?? ""] = Versioned(activity: activity, version: rows.int(row, 1) ?? 0)
        }
        return found
    }

    /// The guarded step that writes the activities that changed; nil when none did.
    public static func saveStep(_ all: [String: Versioned]) -> (SQLStatement, [SQLValue])? {
        let changed = all.filter { $0.value.changed }.sorted { $0.key < $1.key }
        if changed.isEmpty { return nil }
        let activities = changed.map { $0.value.activity }
        return (
            saveStatement,
            [
                .textArray(changed.map { $0.key }), .intArray(changed.map { $0.value.version }),
                .textArray(activities.map { $0.lastRun }), .intArray(activities.map { $0.lastRunQueuedAt }),
                .intArray(activities.map { $0.lastRunAt }), .textArray(activities.map { $0.lastRunState?.rawValue }),
                .textArray(activities.map { $0.lastRunMessage }), .intArray(activities.map { $0.lastRunAttempt }),
                .intArray(activities.map { $0.lastRunSequence }), .intArray(activities.map { $0.consecutiveFailures }),
                .intArray(activities.map { $0.runsEnded }), .textArray(activities.map { $0.ends.recentText }),
                .intArray(activities.map { $0.ends.settled?.queuedAt ?? 0 }),
                .textArray(activities.map { $0.ends.settled?.runID }),
                .intArray(activities.map { $0.ends.settledFailures }),
            ]
        )
    }
}
