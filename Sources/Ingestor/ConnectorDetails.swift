// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import JSON

/// Registered custom connectors as clients see them. What only the connector's own Lambda function could tell (modes,
/// operators, authentication) is left out until it is called.
enum ConnectorDetails {
    /// An entry of ListConnectors.
    static func summary(_ connector: ConnectorRegistration) -> JSONObject {
        var detail: JSONObject = [:]
        if let description = connector.description { detail["connectorDescription"] = .string(description) }
        detail["connectorName"] = .string(connector.name)
        detail["connectorType"] = "CustomConnector"
        detail["connectorLabel"] = .string(connector.name)
        detail["registeredAt"] = WireTimestamp.json(microseconds: connector.createdAt)
        detail["registeredBy"] = .string(connector.createdBy)
        detail["connectorProvisioningType"] = .string(connector.provisioningType)
        return detail
    }

    /// The `connectorConfiguration` of DescribeConnector.
    static func configuration(_ connector: ConnectorRegistration, region: String) -> JSONObject {
        var configuration = summary(connector)
        configuration["connectorArn"] = .string(
            ARN.connector(region: region, account: connector.account, label: connector.name))
        configuration["connectorProvisioningConfig"] = try? JSONValue.parse(Array(connector.provisioningConfig.utf8))
        return configuration
    }
}
