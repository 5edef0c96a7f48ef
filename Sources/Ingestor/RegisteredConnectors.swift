// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import JSON
import PostgreSQL

/// What accounts registered and named, as the store has it. What a custom connector can do is not asked of its function
/// yet: it is shown with what holds for all custom connectors.
struct RegisteredConnectors: Sendable {
    let region: String

    /// Registered connectors as ConnectorDetail, by label; those after `label`.
    func registered(
        account: String, after label: String, limit: Int, _ connection: PostgresConnection
    ) throws -> [(label: String, detail: JSONObject)] {
        try ConnectorReader(connection).list(account: account, after: label, limit: limit).map { registration in
            var detail = ConnectorCatalogue.connector("CustomConnector").map(ConnectorRendering.detail) ?? [:]
            describe(registration, in: &detail)
            return (registration.name, detail)
        }
    }

    /// A registered connector as ConnectorConfiguration; nil if there is none of that label.
    func configuration(account: String, label: String, _ connection: PostgresConnection) throws -> JSONObject? {
        guard let registration = try ConnectorReader(connection).find(account: account, label: label) else {
            return nil
        }
        var output = ConnectorCatalogue.connector("CustomConnector").map(ConnectorRendering.configuration) ?? [:]
        describe(registration, in: &output)
        output["connectorArn"] = .string(ARN.connector(region: region, account: account, label: label))
        output["connectorProvisioningConfig"] = try JSONValue.parse(Array(registration.provisioningConfig.utf8))
        return output
    }

    /// The connector type of a profile; nil if there is no such profile.
    func connectorType(ofProfile name: String, account: String, _ connection: PostgresConnection) throws -> String? {
        try ProfileReader(connection).find(FlowKey(account: account, name: name))?.connectorType
    }

    private func describe(_ registration: ConnectorRegistration, in output: inout JSONObject) {
        output["connectorName"] = .string(registration.name)
        output["connectorLabel"] = .string(registration.name)
        output["connectorDescription"] = registration.description.map { .string($0) }
        output["connectorProvisioningType"] = .string(registration.provisioningType)
        output["registeredAt"] = WireTimestamp.json(microseconds: registration.createdAt)
        output["registeredBy"] = .string(registration.createdBy)
    }
}
