// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import FlowDomain
import HTTPServer
import JSON

/// Changes of connector profiles and custom connectors: checks them, seals credentials, and sends the command on. From here
/// on nothing in the service but a worker can read a credential.
struct ProfileRequests: Sendable {
    let sealing: SealingKeys?
    let commands: CommandSender

    static let operations: Set<String> = [
        "CreateConnectorProfile", "UpdateConnectorProfile", "DeleteConnectorProfile", "RegisterConnector",
        "UpdateConnectorRegistration", "UnregisterConnector",
    ]

    func send(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ exchange: HTTPExchange
    ) throws(APIError) {
        switch operation {
        case "CreateConnectorProfile":
            try ProfileRules.checkCreate(input)
            try commands.send(operation, try Self.sealed(input, caller, sealing), caller, exchange)
        case "UpdateConnectorProfile":
            try commands.send(operation, try Self.sealed(input, caller, sealing), caller, exchange)
        case "RegisterConnector", "UpdateConnectorRegistration":
            try ProfileRules.checkRegistration(input, isNew: operation == "RegisterConnector")
            let known = ProfileRules.knownRegistration(input, operation: operation)
            try commands.send(operation, known, caller, exchange)
        default:
            try commands.send(operation, input, caller, exchange)
        }
    }

    /// What the controllers get of a request: members that are known to hold no secret, and the sealed credentials. Nothing
    /// else of it goes on, so that a credential under another name goes nowhere either.
    static func sealed(_ input: JSONObject, _ caller: Caller, _ sealing: SealingKeys?) throws(APIError) -> JSONObject {
        var command: JSONObject = [:]
        for member in openMembers { command[member] = input[member] }
        let properties = ProfileRules.knownProperties(input)
        command["properties"] = properties
        guard let credentials = input["connectorProfileConfig"]?["connectorProfileCredentials"]?.objectValue,
            !credentials.isEmpty
        else { return command }
        guard let sealing else {
            throw .validation(
                "This service has no key to seal credentials with, so it does not take any: "
                    + "MILLRACE_SEALING_PUBLIC_KEYS_FILE has to be set.")
        }
        let context = ProfileRecord.sealingContext(
            account: caller.account, name: input["connectorProfileName"]?.stringValue ?? "",
            properties: properties.serializedString())
        let secret = JSONValue.object(credentials).serialized()
        guard let envelope = try? sealing.seal(secret, context: context) else {
            throw .internalServer("The credentials cannot be sealed.")
        }
        command["credentialsKey"] = credentials.keys.first.map { .string($0) }
        command["sealedCredentials"] = .string(envelope.text)
        return command
    }

    private static let openMembers = [
        "connectorProfileName", "kmsArn", "connectorType", "connectorLabel", "connectionMode", "clientToken",
    ]
}
