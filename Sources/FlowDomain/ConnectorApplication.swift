// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import JSON

/// Applies commands on registrations of custom connectors.
struct ConnectorApplication {
    private static let namedProfiles = 5

    let command: Command
    let now: Int64

    private var key: FlowKey { FlowKey(account: command.account, name: command.resource.name) }

    private var response: JSONObject {
        [
            "connectorArn": .string(
                ARN.connector(region: command.region, account: command.account, label: command.resource.name))
        ]
    }

    func register(_ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        if workspace.resources.connectors[key] != nil {
            throw .conflict("Conflict executing request: Connector with label \(key.name) is already registered.")
        }
        let input = command.input
        workspace.resources.connectors.put(
            ConnectorRegistration(
                uuid: command.id, account: command.account, name: key.name, version: 1,
                description: input["description"]?.stringValue,
                provisioningType: input["connectorProvisioningType"]?.stringValue ?? "LAMBDA",
                provisioningConfig: (input["connectorProvisioningConfig"] ?? .object([:])).serializedString(),
                createdAt: now, updatedAt: now, createdBy: command.principal, updatedBy: command.principal))
        return response
    }

    /// What is not sent stays as it is.
    func update(_ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        var connector = try existing(workspace)
        connector.version += 1
        if let description = command.input["description"]?.stringValue { connector.description = description }
        if let config = command.input["connectorProvisioningConfig"] {
            connector.provisioningConfig = config.serializedString()
        }
        connector.updatedAt = now
        connector.updatedBy = command.principal
        workspace.resources.connectors.put(connector)
        return response
    }

    func unregister(_ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        _ = try existing(workspace)
        if command.input["forceDelete"]?.boolValue != true {
            let profiles = workspace.resources.connectorUses.users(of: key)
            if !profiles.isEmpty {
                throw .conflict(
                    "Conflict executing request: Connector: \(key.name) is associated with one or more connector "
                        + "profiles. If you still want to unregister it, then make the request with forceDelete flag as "
                        + "true. Some of the associated connector profiles are: "
                        + "[\(profiles.prefix(Self.namedProfiles).joined(separator: ", "))]")
            }
            workspace.resources.connectorUses.requireUnused(key)
        }
        workspace.resources.connectors.remove(key)
        return [:]
    }

    private func existing(_ workspace: FlowWorkspace) throws(APIError) -> ConnectorRegistration {
        guard let connector = workspace.resources.connectors[key] else {
            throw .notFound("Connector with label \(key.name) is not registered.")
        }
        return connector
    }
}
