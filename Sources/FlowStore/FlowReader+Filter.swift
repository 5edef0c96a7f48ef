// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
import PostgreSQL

/// Which runs of a flow are asked for. What is nil takes every run.
public struct RunRecordFilter: Sendable, Equatable {
    /// UUIDs.
    public var runIDs: [String]?
    public var states: [RunState]?
    /// Microseconds since 1970, of the start (of the time in the queue, for a run that waits): from the one, before the other.
    public var startedFrom: Int64?
    public var startedBefore: Int64?

    public init() {}

    public var isEmpty: Bool { self == RunRecordFilter() }

    /// The same text for the same filter: a paging token belongs to one.
    public var text: String {
        let names: [String]? = states?.map { $0.rawValue }
        let from: String = startedFrom.map { String($0) } ?? "-"
        let before: String = startedBefore.map { String($0) } ?? "-"
        return "\(Self.list(runIDs));\(Self.list(names));\(from);\(before)"
    }
}

extension RunRecordFilter {
    /// As `FlowReader.filteredStatement` takes them.
    var parameters: [SQLValue] {
        [
            runIDs.map { .textArray($0) } ?? .null, states.map { .textArray($0.map(\.rawValue)) } ?? .null,
            startedFrom.map { .int($0) } ?? .null, startedBefore.map { .int($0) } ?? .null,
        ]
    }

    fileprivate static func list(_ items: [String]?) -> String { items?.joined(separator: ",") ?? "-" }
}

extension FlowReader {
    private static let condition = """
        AND (queued_at, run_id) < (millrace_time($2), $3::uuid)
        AND ($6::uuid[] IS NULL OR run_id = ANY ($6::uuid[])) AND ($7::text[] IS NULL OR state = ANY ($7::text[]))
        AND ($8::bigint IS NULL OR coalesce(started_at, queued_at) >= millrace_time($8::bigint))
        AND ($9::bigint IS NULL
            OR coalesce(started_at, queued_at) < millrace_time($9::bigint) AND queued_at < millrace_time($9::bigint))
        """

    static let filteredStatement = SQLStatement(
        "filtered_run_records",
        """
        (SELECT run_id, state, millrace_microseconds(queued_at), millrace_microseconds(started_at),
            millrace_microseconds(updated_at), records, bytes_read, bytes_written, 0, last_error,
            NULL::text
         FROM live_runs WHERE \(ofFlow) AND part = 0 \(condition))
        UNION ALL
        (SELECT run_id, state, millrace_microseconds(queued_at), millrace_microseconds(started_at),
            millrace_microseconds(ended_at), records, bytes_read, bytes_written, put_failures, message,
            destination_results
         FROM run_history WHERE \(ofFlow) \(condition)
         ORDER BY queued_at DESC, run_id DESC LIMIT $4)
        ORDER BY 3 DESC, 1 DESC LIMIT $4
        """)
}
