// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
public import PostgreSQL

/// Reads the custom connectors that accounts registered.
public struct ConnectorReader {
    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    private static let listStatement = SQLStatement(
        "list_registrations",
        """
        SELECT \(ResourceRows.connectorColumns) FROM connector_registrations c
        WHERE account = $1 AND label > $2 ORDER BY label LIMIT $3
        """)

    private static let findStatement = SQLStatement(
        "find_registration",
        """
        SELECT \(ResourceRows.connectorColumns) FROM connector_registrations c WHERE account = $1 AND label = $2
        """)

    /// Custom connectors of an account by label, after `label` (empty: from the first).
    public func list(account: String, after label: String, limit: Int) throws -> [ConnectorRegistration] {
        let rows = try connection.execute(Self.listStatement, [.text(account), .text(label), .int(Int64(limit))])
        return (0..<rows.count).map { ResourceRows.connector(rows, $0) }
    }

    /// The custom connector of that label; nil when there is none.
    public func find(account: String, label: String) throws -> ConnectorRegistration? {
        let rows = try connection.execute(Self.findStatement, [.text(account), .text(label)])
        return rows.count == 0 ? nil : ResourceRows.connector(rows, 0)
    }
}
