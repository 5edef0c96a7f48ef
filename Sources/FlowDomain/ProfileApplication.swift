// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import JSON

/// Applies commands on connector profiles.
struct ProfileApplication {
    /// So many of the flows that stand in the way of a deletion are named.
    private static let namedFlows = 5

    let command: Command
    let now: Int64
    var quotas = Quotas()

    private var key: FlowKey { FlowKey(account: command.account, name: command.resource.name) }

    private var response: JSONObject {
        [
            "connectorProfileArn": .string(
                ARN.connectorProfile(region: command.region, account: command.account, name: command.resource.name))
        ]
    }

    func create(_ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        if workspace.resources.profiles[key] != nil {
            throw .conflict("Conflict executing request: Connector Profile with name \(key.name) already exists.")
        }
        if let most = quotas.profiles, workspace.resources.profileCount(ofAccount: command.account) >= most {
            throw .quota("The account has reached its quota of \(most) connector profiles.")
        }
        let input = command.input
        let type = input["connectorType"]?.stringValue ?? ""
        // Only custom connectors have labels: elsewhere it would count as a use of one.
        let label = type == "CustomConnector" ? input["connectorLabel"]?.stringValue : nil
        let mode = input["connectionMode"]?.stringValue ?? "Public"
        if let label {
            guard workspace.resources.connectors[FlowKey(account: command.account, name: label)] != nil else {
                throw .notFound(
                    "Connector:\(label) is not registered. Please register it first before creating ConnectorProfile.")
            }
            workspace.resources.connectorUses.set([label], user: command.id, account: command.account, name: key.name)
        }
        workspace.resources.profiles.put(
            ProfileRecord(
                uuid: command.id, account: command.account, name: key.name, version: 1, connectorType: type,
                connectorLabel: label, connectionMode: mode, properties: properties,
                sealedCredentials: input["sealedCredentials"]?.stringValue, kmsArn: input["kmsArn"]?.stringValue,
                privateConnectionStatus: Self.privateStatus(mode), createdAt: now, updatedAt: now,
                createdBy: command.principal, updatedBy: command.principal))
        return response
    }

    /// Replaces mode, properties and credentials together. Credentials that are not sent again are gone: else they could
    /// be sent to another address by somebody who does not know them.
    func update(_ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        var profile = try existing(workspace)
        try ProfileRules.checkProperties(
            command.input["properties"], connectorType: profile.connectorType,
            path: "connectorProfileConfig.connectorProfileProperties")
        let credentialsKey = command.input["credentialsKey"]?.stringValue
        if let credentialsKey, credentialsKey != ConnectorNames.unionKey(of: profile.connectorType) {
            throw ProfileRules.otherCredentials(than: profile.connectorType)
        }
        // An api that wraps credentials looked up the key to wrap with: a profile that was made anew since then may
        // have another, and its credentials would never open again.
        if let wrapping = command.input["wrapping"], wrapping["kmsArn"]?.stringValue != profile.kmsArn {
            throw .conflict(
                "Conflict executing request: Connector Profile with name \(key.name) was made or replaced meanwhile. "
                    + "Please try again.")
        }
        profile.version += 1
        profile.connectionMode = command.input["connectionMode"]?.stringValue ?? profile.connectionMode
        profile.properties = properties
        profile.sealedCredentials = command.input["sealedCredentials"]?.stringValue
        profile.privateConnectionStatus = Self.privateStatus(profile.connectionMode)
        profile.updatedAt = now
        profile.updatedBy = command.principal
        workspace.resources.profiles.put(profile)
        return response
    }

    func delete(_ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        let profile = try existing(workspace)
        if command.input["forceDelete"]?.boolValue != true {
            let flows = workspace.resources.profileUses.users(of: key)
            if !flows.isEmpty {
                throw .conflict(
                    "Conflict executing request: Connector profile: \(key.name) is associated with one or more flows. "
                        + "If you still want to delete it, then make delete request with forceDelete flag as true. "
                        + "Some of the associated flows are: [\(flows.prefix(Self.namedFlows).joined(separator: ", "))]"
                )
            }
            workspace.resources.profileUses.requireUnused(key)
        }
        workspace.resources.profiles.remove(key)
        workspace.resources.connectorUses.forget(user: profile.uuid)
        return [:]
    }

    private func existing(_ workspace: FlowWorkspace) throws(APIError) -> ProfileRecord {
        guard let profile = workspace.resources.profiles[key] else { throw ProfileReference.missing(key.name) }
        return profile
    }

    private var properties: String { (command.input["properties"] ?? .object([:])).serializedString() }

    /// There is nothing to provision: workers connect from the network they are in.
    private static func privateStatus(_ mode: String) -> String? { mode == "Private" ? "CREATED" : nil }
}
