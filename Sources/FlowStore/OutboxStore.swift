// SPDX-License-Identifier: Apache-2.0
public import PostgreSQL

/// Messages that must be sent: rows written with their cause, deleted once the broker has them.
public struct OutboxStore {
    /// A message that waits in the outbox.
    public struct Row: Sendable, Equatable {
        public let id: Int64
        public let topic: String
        public let key: String
        /// JSON object of header names and values.
        public let headers: String
        public let value: String

        public init(id: Int64, topic: String, key: String, headers: String, value: String) {
            self.id = id
            self.topic = topic
            self.key = key
            self.headers = headers
            self.value = value
        }
    }

    private static let insertStatement = SQLStatement(
        "insert_outbox",
        """
        INSERT INTO outbox (topic, message_key, headers, value)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
        RETURNING id
        """)
    private static let deleteStatement = SQLStatement(
        "delete_outbox", "DELETE FROM outbox WHERE id = ANY ($1::bigint[])")
    /// Moves the rows' time: while whoever took them sends them, nobody else does.
    private static let takeStaleStatement = SQLStatement(
        "take_stale_outbox",
        """
        WITH taken AS MATERIALIZED (
            SELECT id FROM outbox WHERE created_at < clock_timestamp() - $1 * interval '1 millisecond'
            ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
        ), o AS (
            UPDATE outbox o SET created_at = clock_timestamp() FROM taken WHERE o.id = taken.id
            RETURNING o.id, o.topic, o.message_key, o.headers, o.value
        )
        SELECT * FROM o ORDER BY id
        """)

    /// The step that writes messages; it answers their ids in order.
    public static func insertStep(
        _ messages: [(topic: String, key: String, headers: String, value: String)]
    ) -> (SQLStatement, [SQLValue]) {
        (
            insertStatement,
            [
                .textArray(messages.map { $0.topic }), .textArray(messages.map { $0.key }),
                .textArray(messages.map { $0.headers }), .textArray(messages.map { $0.value }),
            ]
        )
    }

    /// The step that forgets messages the broker has.
    public static func deleteStep(_ ids: [Int64]) -> (SQLStatement, [SQLValue]) {
        (deleteStatement, [.intArray(ids)])
    }

    /// Messages whose sender has had time enough: it is dead, or the broker was away. They are the caller's for as long
    /// again.
    public static func takeStale(
        _ connection: PostgresConnection, olderThanMilliseconds age: Int64, limit: Int64
    ) throws -> [Row] {
        let rows = try connection.execute(takeStaleStatement, [.int(age), .int(limit)])
        return (0..<rows.count).map { row in
            Row(
                id: rows.int(row, 0) ?? 0, topic: rows.text(row, 1) ?? "", key: rows.text(row, 2) ?? "",
                headers: rows.text(row, 3) ?? "{}", value: rows.text(row, 4) ?? "")
        }
    }
}
