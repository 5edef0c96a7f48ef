// SPDX-License-Identifier: Apache-2.0
public import PostgreSQL

/// Forgets definitions that were replaced and that no live run uses. It walks over the primary key, a page at a time and
/// round and round: what a page costs does not depend on how many flows there are, and an update writes nothing for it.
///
/// A run is inserted with the revision that is the flow's at its commit, and commands of one flow are applied in order:
/// what is neither current nor used within one snapshot never will be used again.
public struct DefinitionSweep: Sendable {
    /// What a page held.
    public struct Page: Sendable, Equatable {
        public let looked: Int
        public let forgotten: Int
    }

    private static let first = (flowUUID: "00000000-0000-0000-0000-000000000000", revision: Int64(0))

    /// The page is read with the index alone; the rest are look-ups by key, for the rows of the page.
    private static let statement = SQLStatement(
        "sweep_definitions",
        """
        WITH page AS MATERIALIZED (
            SELECT flow_uuid, revision FROM flow_definitions WHERE (flow_uuid, revision) > ($1::uuid, $2::bigint)
            ORDER BY flow_uuid, revision LIMIT $3
        ), replaced AS MATERIALIZED (
            SELECT p.flow_uuid, p.revision FROM page p
            CROSS JOIN LATERAL (SELECT revision FROM flows f WHERE f.uuid = p.flow_uuid OFFSET 0) f
            WHERE p.revision < f.revision AND NOT EXISTS (
                SELECT 1 FROM live_runs r WHERE r.flow_uuid = p.flow_uuid AND r.revision = p.revision)
        ), d AS (
            DELETE FROM flow_definitions d USING replaced r
            WHERE d.flow_uuid = r.flow_uuid AND d.revision = r.revision
            RETURNING 1
        )
        SELECT flow_uuid, revision, (SELECT count(*) FROM page), (SELECT count(*) FROM d) FROM page
        ORDER BY flow_uuid DESC, revision DESC LIMIT 1
        """)

    /// The last definition that was looked at.
    private var position: (flowUUID: String, revision: Int64)

    /// - Parameter flowUUID: where to begin: controllers that begin at random places do not walk in step.
    public init(after flowUUID: String? = nil) {
        position = Self.first
        if let flowUUID { position.flowUUID = flowUUID }
    }

    /// Looks at the next definitions; from the first again once the last was reached.
    public mutating func next(_ connection: PostgresConnection, limit: Int64) throws -> Page {
        let rows = try connection.execute(
            Self.statement, [.text(position.flowUUID), .int(position.revision), .int(limit)])
        let looked = rows.count == 0 ? 0 : rows.int(0, 2) ?? 0
        position = looked < limit ? Self.first : (rows.text(0, 0) ?? "", rows.int(0, 1) ?? 0)
        return Page(looked: Int(looked), forgotten: rows.count == 0 ? 0 : Int(rows.int(0, 3) ?? 0))
    }
}
