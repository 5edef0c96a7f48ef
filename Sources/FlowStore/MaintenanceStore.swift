// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
public import PostgreSQL

/// Housekeeping that any controller may do at any time.
public enum MaintenanceStore {
    private static let purgeStatement = SQLStatement(
        "purge_outcomes",
        """
        DELETE FROM command_outcomes WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM command_outcomes WHERE expires_at < clock_timestamp() ORDER BY expires_at LIMIT $1))
        """)
    private static let prepareStatement = SQLStatement("prepare_history", "SELECT millrace_prepare_history(3)")
    private static let dropStatement = SQLStatement("drop_history", "SELECT millrace_drop_history($1::integer)")
    private static let backlogStatement = SQLStatement(
        "backlog",
        """
        SELECT (SELECT count(*) FROM (SELECT 1 FROM live_runs WHERE state = 'Queued' LIMIT 1000000) q),
               (SELECT count(*) FROM live_runs WHERE state IN ('InProgress', 'CancelStarted')),
               (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 100000) o),
               coalesce((SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM outbox), 0)::bigint
        """)
    private static let sizesStatement = SQLStatement(
        "table_sizes",
        """
        SELECT relname, pg_relation_size(oid) FROM pg_class
        WHERE oid = ANY (ARRAY['flows', 'flow_definitions', 'flow_activity', 'command_outcomes', 'outbox',
            'staged_uploads']::regclass[])
        """)
    private static let unappliedStatement = SQLStatement(
        "unapplied_ends",
        """
        SELECT h.run_id, h.account, h.flow_uuid, h.flow_name, h.state, h.attempt, millrace_microseconds(h.queued_at),
            millrace_microseconds(h.started_at), millrace_microseconds(h.ended_at), h.records, h.bytes_read,
            h.bytes_written, h.message
        FROM run_history h JOIN flow_activity a ON a.flow_uuid = h.flow_uuid
        WHERE h.ended_at >= coalesce(
                (SELECT max(updated_at) - interval '5 minutes' FROM consumer_offsets WHERE topic = 'run-events'),
                '-infinity')
            AND (a.settled_run IS NULL
                OR (millrace_microseconds(h.queued_at), h.run_id) > (a.settled_queued_at, a.settled_run))
            AND position(h.run_id::text IN a.recent_ends) = 0
        ORDER BY h.queued_at, h.run_id LIMIT $1
        """)

    /// Forgets outcomes that have expired; answers how many.
    public static func purgeOutcomes(_ connection: PostgresConnection, limit: Int64) throws -> Int {
        try connection.execute(purgeStatement, [.int(limit)]).affected
    }

    /// Makes the partitions of the months to come and drops those past the retention.
    public static func turnHistory(_ connection: PostgresConnection, retentionDays: Int64) throws {
        _ = try connection.execute(prepareStatement, [])
        _ = try connection.execute(dropStatement, [.int(retentionDays)])
    }

    /// Bytes of the tables that grow.
    public static func tableSizes(_ connection: PostgresConnection) throws -> [String: Int64] {
        let rows = try connection.execute(sizesStatement, [])
        var sizes: [String: Int64] = [:]
        for row in 0..<rows.count { sizes[rows.text(row, 0) ?? ""] = rows.int(row, 1) ?? 0 }
        return sizes
    }

    /// Brings the planner's statistics of these tables up to date; prepared plans are made anew by them.
    public static func analyze(_ connection: PostgresConnection, tables: [String]) throws {
        try connection.script("ANALYZE " + tables.sorted().joined(separator: ", "))
    }

    /// What waits: queued runs, runs in progress, outbox messages, and the age in seconds of the oldest of these.
    public static func backlog(
        _ connection: PostgresConnection
    ) throws -> (queued: Int64, inProgress: Int64, outbox: Int64, outboxAgeSeconds: Int64) {
        let rows = try connection.execute(backlogStatement, [])
        return (rows.int(0, 0) ?? 0, rows.int(0, 1) ?? 0, rows.int(0, 2) ?? 0, rows.int(0, 3) ?? 0)
    }

    /// Ends of runs that no event has told their flow of: a broker that forgot its messages took the events along.
    public static func unappliedEnds(_ connection: PostgresConnection, limit: Int64) throws -> [RunEvent] {
        let rows = try connection.execute(unappliedStatement, [.int(limit)])
        return (0..<rows.count).compactMap { row in
            guard let state = RunState(rawValue: rows.text(row, 4) ?? ""), let kind = RunEvent.Kind(endState: state)
            else {
                return nil
            }
            return RunEvent(
                kind: kind, account: rows.text(row, 1) ?? "", flowUUID: rows.text(row, 2) ?? "",
                flowName: rows.text(row, 3) ?? "", runID: rows.text(row, 0) ?? "", attempt: rows.int(row, 5) ?? 0,
                sequence: RunEvent.endSequence, queuedAt: rows.int(row, 6) ?? 0, startedAt: rows.int(row, 7),
                occurredAt: rows.int(row, 8) ?? 0,
                figures: RunFigures(
                    records: rows.int(row, 9) ?? 0, bytesRead: rows.int(row, 10) ?? 0,
                    bytesWritten: rows.int(row, 11) ?? 0),
                message: rows.text(row, 12) ?? "")
        }
    }
}
