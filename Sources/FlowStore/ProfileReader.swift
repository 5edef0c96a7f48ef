// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
public import PostgreSQL

/// Reads connector profiles.
public struct ProfileReader {
    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// Which profiles of an account are wanted; all that is given must hold.
    public struct Filter: Sendable, Equatable {
        public var names: [String]
        public var connectorType: String?
        public var connectorLabel: String?

        /// - Parameter names: empty for any.
        public init(names: [String] = [], connectorType: String? = nil, connectorLabel: String? = nil) {
            self.names = names
            self.connectorType = connectorType
            self.connectorLabel = connectorLabel
        }
    }

    private static let listStatement = SQLStatement(
        "list_profiles",
        """
        SELECT \(ResourceRows.profileColumns) FROM connector_profiles p
        WHERE account = $1 AND name > $2 AND ($3::text IS NULL OR connector_type = $3)
            AND ($4::text IS NULL OR connector_label = $4)
        ORDER BY name LIMIT $5
        """)

    private static let namedStatement = SQLStatement(
        "named_profiles",
        """
        SELECT \(ResourceRows.profileColumns) FROM connector_profiles p
        WHERE account = $1 AND name > $2 AND ($3::text IS NULL OR connector_type = $3)
            AND ($4::text IS NULL OR connector_label = $4) AND name = ANY ($6::text[])
        ORDER BY name LIMIT $5
        """)

    /// Profiles of an account by name, after `name` (empty: from the first).
    public func list(account: String, filter: Filter, after name: String, limit: Int) throws -> [ProfileRecord] {
        var values: [SQLValue] = [
            .text(account), .text(name), filter.connectorType.map { .text($0) } ?? .null,
            filter.connectorLabel.map { .text($0) } ?? .null, .int(Int64(limit)),
        ]
        if !filter.names.isEmpty { values.append(.textArray(filter.names)) }
        let rows = try connection.execute(filter.names.isEmpty ? Self.listStatement : Self.namedStatement, values)
        return (0..<rows.count).map { ResourceRows.profile(rows, $0) }
    }

    /// The profile of that name; nil when there is none.
    public func find(_ key: FlowKey) throws -> ProfileRecord? {
        try list(account: key.account, filter: Filter(names: [key.name]), after: "", limit: 1).first
    }
}
