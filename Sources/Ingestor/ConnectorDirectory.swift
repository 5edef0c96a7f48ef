// SPDX-License-Identifier: Apache-2.0
import JSON
import PostgreSQL

/// What the connector operations ask of the store: registered connectors and the profiles' connectors.
protocol ConnectorDirectory: Sendable {
    /// Registered connectors as ConnectorDetail, by label; those after `label`.
    func registered(
        account: String, after label: String, limit: Int, _ connection: PostgresConnection
    ) throws -> [(label: String, detail: JSONObject)]

    /// A registered connector as ConnectorConfiguration; nil if there is none of that label.
    func configuration(account: String, label: String, _ connection: PostgresConnection) throws -> JSONObject?

    /// The connector type of a profile; nil if there is no such profile.
    func connectorType(ofProfile name: String, account: String, _ connection: PostgresConnection) throws -> String?
}

/// Nothing is registered and there are no profiles.
struct EmptyConnectorDirectory: ConnectorDirectory {
    func registered(
        account: String, after label: String, limit: Int, _ connection: PostgresConnection
    ) throws -> [(label: String, detail: JSONObject)] { [] }

    func configuration(account: String, label: String, _ connection: PostgresConnection) throws -> JSONObject? { nil }

    func connectorType(ofProfile name: String, account: String, _ connection: PostgresConnection) throws -> String? {
        nil
    }
}
