// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
public import JSON

/// A profile that a flow's definition names, for its source or a destination.
public struct ProfileReference: Sendable, Equatable {
    public let name: String
    /// The connector that the definition uses it for.
    public let connectorType: String

    /// The references in the input of CreateFlow or UpdateFlow, the source's first. Connectors that have no profiles, such
    /// as S3, are passed over: clients name one there all the same.
    public static func all(in input: JSONObject) -> [ProfileReference] {
        var references: [ProfileReference] = []
        let configurations =
            [input["sourceFlowConfig"]].compactMap { $0 } + (input["destinationFlowConfigList"]?.arrayValue ?? [])
        for configuration in configurations {
            let type = configuration["connectorType"]?.stringValue ?? ""
            guard let name = configuration["connectorProfileName"]?.stringValue,
                ConnectorCatalogue.connector(type)?.needsProfile != false
            else { continue }
            references.append(ProfileReference(name: name, connectorType: type))
        }
        return references
    }

    /// Checks that every profile is there and of the connector it is used for.
    /// - Parameter operation: `Create` or `Update`.
    static func check(
        _ references: [ProfileReference], account: String, operation: String, in workspace: FlowWorkspace
    ) throws(APIError) {
        for reference in references {
            let key = FlowKey(account: account, name: reference.name)
            guard let profile = workspace.resources.profiles[key] else { throw missing(reference.name) }
            guard profile.connectorType == reference.connectorType else {
                let head =
                    operation == "Update" ? "Update Flow request failed due to:" : "\(operation) Flow request failed: "
                throw .validation(
                    "\(head)[Connector Profile with name \(reference.name) is of connector type "
                        + "\(profile.connectorType) and cannot be used for \(reference.connectorType)]")
            }
        }
    }

    static func missing(_ name: String) -> APIError { .notFound("Connector Profile with name \(name) does not exist.") }
}
