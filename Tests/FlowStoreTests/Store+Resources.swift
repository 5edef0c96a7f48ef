// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON

extension Store {
    static let lambda: JSONObject = [
        "connectorProvisioningConfig": ["lambda": ["lambdaArn": "arn:aws:lambda:us-east-1:1:function:f"]]
    ]

    /// A command on a profile or custom connector, as the api sends it.
    static func resource(_ number: Int, _ operation: String, _ name: String, _ more: JSONObject = [:]) -> Command {
        let kind = ResourceName(operation: operation, input: [:]).kind
        var input: JSONObject = [kind == .connector ? "connectorLabel" : "connectorProfileName": .string(name)]
        for (key, value) in more { input[key] = value }
        return Command(
            id: id(number), operation: operation, account: account, region: "us-east-1", principal: "arn:me",
            resource: ResourceName(kind, name), token: nil, digest: "d", replyTo: nil, expiresAt: .max, input: input)
    }

    static func createProfile(
        _ number: Int, _ name: String, type: String = "Salesforce", _ more: JSONObject = [:]
    ) -> Command {
        var input: JSONObject = [
            "connectorType": .string(type), "connectionMode": "Public",
            "properties": ["Salesforce": ["instanceUrl": "https://example.com"]],
            "sealedCredentials": "millrace1.k.e.c",
        ]
        for (key, value) in more { input[key] = value }
        return resource(number, "CreateConnectorProfile", name, input)
    }

    /// A flow from Salesforce, through a profile, to S3.
    static func flow(
        _ number: Int, _ name: String, profile: String, operation: String = "CreateFlow", description: String = "plain"
    ) -> Command {
        var input = input(name, description: description)
        input["sourceFlowConfig"] = [
            "connectorType": "Salesforce", "connectorProfileName": .string(profile),
            "sourceConnectorProperties": ["Salesforce": ["object": "Account"]],
        ]
        return command(number, operation, name, input: input)
    }
}
