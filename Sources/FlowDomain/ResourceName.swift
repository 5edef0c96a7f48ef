// SPDX-License-Identifier: Apache-2.0
public import AppFlowAPI
public import JSON

/// What a command is about: a kind of resource, and its name within the account.
public struct ResourceName: Sendable, Hashable {
    public let kind: ARN.Kind
    public let name: String

    public init(_ kind: ARN.Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// The resource that an operation's input names.
    public init(operation: String, input: JSONObject) {
        let kind = Self.kinds[operation] ?? .flow
        self.init(kind, input[Self.members[kind] ?? ""]?.stringValue ?? "")
    }

    private static let kinds: [String: ARN.Kind] = [
        "CreateConnectorProfile": .connectorProfile, "UpdateConnectorProfile": .connectorProfile,
        "DeleteConnectorProfile": .connectorProfile, "RegisterConnector": .connector,
        "UpdateConnectorRegistration": .connector, "UnregisterConnector": .connector,
    ]

    private static let members: [ARN.Kind: String] = [
        .flow: "flowName", .connectorProfile: "connectorProfileName", .connector: "connectorLabel",
    ]
}
