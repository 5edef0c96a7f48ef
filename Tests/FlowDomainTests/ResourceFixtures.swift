// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON

extension Fixtures {
    /// A command on a profile or custom connector.
    static func resource(
        _ number: Int, _ operation: String, _ name: String, token: String? = nil, _ more: JSONObject = [:]
    ) -> Command {
        let isConnector =
            operation.contains("Register") || operation.contains("Unregister")
            || operation.contains("Registration")
        var input: JSONObject = [isConnector ? "connectorLabel" : "connectorProfileName": .string(name)]
        for (key, value) in more { input[key] = value }
        return Command(
            id: id(number), operation: operation, account: account, region: "us-east-1", principal: "arn:me",
            resource: ResourceName(operation: operation, input: input), token: token, digest: "d", replyTo: nil,
            expiresAt: .max, input: input)
    }

    static func createProfile(
        _ number: Int, _ name: String, type: String = "Salesforce", token: String? = nil, _ more: JSONObject = [:]
    ) -> Command {
        var input: JSONObject = [
            "connectorType": .string(type), "connectionMode": "Public",
            "properties": ["Salesforce": ["instanceUrl": "u"]],
            "sealedCredentials": "millrace1.k.e.c", "credentialsKey": .string(type),
        ]
        for (key, value) in more { input[key] = value }
        return resource(number, "CreateConnectorProfile", name, token: token, input)
    }

    /// A flow from Salesforce, through a profile, to S3.
    static func flow(_ number: Int, _ name: String, profile: String?, operation: String = "CreateFlow") -> Command {
        var input = input(name)
        var source: JSONObject = [
            "connectorType": "Salesforce", "sourceConnectorProperties": ["Salesforce": ["object": "Account"]],
        ]
        if let profile { source["connectorProfileName"] = .string(profile) }
        input["sourceFlowConfig"] = .object(source)
        return command(number, operation, name, input: input)
    }
}
