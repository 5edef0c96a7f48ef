// SPDX-License-Identifier: Apache-2.0
public import PostgreSQL

/// The offsets of consumed partitions, which move in the transaction of their effects.
public enum OffsetStore {
    /// A consumed partition and where it is.
    public struct Move: Sendable, Equatable {
        public let topic: String
        public let partition: Int32
        public let from: Int64
        public let to: Int64

        public init(topic: String, partition: Int32, from: Int64, to: Int64) {
            self.topic = topic
            self.partition = partition
            self.from = from
            self.to = to
        }
    }

    private static let loadStatement = SQLStatement(
        "load_offsets",
        """
        WITH k AS (SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[]) AS k (topic, partition, low)),
        i AS (
            INSERT INTO consumer_offsets (epoch, topic, partition, next_offset)
            SELECT $1, topic, partition, low FROM k
            ON CONFLICT DO NOTHING
            RETURNING topic, partition, next_offset
        )
        SELECT topic, partition, next_offset FROM i
        UNION ALL
        SELECT o.topic, o.partition, o.next_offset FROM consumer_offsets o JOIN k USING (topic, partition)
        WHERE o.epoch = $1
        """)

    private static let moveStatement = SQLStatement(
        "move_offsets",
        """
        WITH k AS (
            SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[]) AS k (topic, partition, was, next)
            ORDER BY topic, partition
        ), u AS (
            UPDATE consumer_offsets o SET next_offset = k.next, updated_at = clock_timestamp()
            FROM k
            WHERE o.epoch = $1 AND o.topic = k.topic AND o.partition = k.partition AND o.next_offset = k.was
            RETURNING 1
        )
        SELECT millrace_require((SELECT count(*) FROM u) = cardinality($2::text[]), 'offset')
        """)

    /// The stored next offset of each partition, in the order given; a partition never seen starts at `low`.
    public static func load(
        _ connection: PostgresConnection, epoch: String, partitions: [(topic: String, partition: Int32, low: Int64)]
    ) throws -> [Int64] {
        let rows = try connection.execute(
            loadStatement,
            [
                .text(epoch), .textArray(partitions.map { $0.topic }),
                .intArray(partitions.map { Int64($0.partition) }), .intArray(partitions.map { $0.low }),
            ])
        var found: [String: Int64] = [:]
        for row in 0..<rows.count {
            found["\(rows.text(row, 0) ?? "")/\(rows.int(row, 1) ?? -1)"] = rows.int(row, 2) ?? 0
        }
        // A row that another instance inserted at the same moment is invisible to this statement: it starts at `low`.
        return partitions.map { found["\($0.topic)/\($0.partition)"] ?? $0.low }
    }

    /// The step that moves offsets, aborting the transaction when any is not where this consumer believes it is.
    public static func moveStep(epoch: String, moves: [Move]) -> (SQLStatement, [SQLValue]) {
        (
            moveStatement,
            [
                .text(epoch), .textArray(moves.map { $0.topic }), .intArray(moves.map { Int64($0.partition) }),
                .intArray(moves.map { $0.from }), .intArray(moves.map { $0.to }),
            ]
        )
    }
}
