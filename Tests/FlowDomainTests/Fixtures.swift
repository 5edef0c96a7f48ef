// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON

/// Inputs and commands for the tests of the flow store's rules.
enum Fixtures {
    static let account = "123456789012"
    static let now: Int64 = 1_700_000_000_000_000

    /// A definition's input; `mapped` is the field it maps, so that two of them differ in their schema.
    static func input(
        _ name: String, trigger: String = "OnDemand", mapped: String = "id", destination: String = "S3",
        description: String? = nil
    ) -> JSONObject {
        let properties: JSONValue =
            destination == "S3" ? ["S3": ["bucketName": "out"]] : [.init(destination): ["object": "Account"]]
        var input: JSONObject = [
            "flowName": .string(name), "triggerConfig": ["triggerType": .string(trigger)],
            "sourceFlowConfig": [
                "connectorType": "S3",
                "sourceConnectorProperties": ["S3": ["bucketName": "in", "bucketPrefix": "orders"]],
            ],
            "destinationFlowConfigList": [
                ["connectorType": .string(destination), "destinationConnectorProperties": properties]
            ],
            "tasks": [
                [
                    "taskType": "Map", "sourceFields": [.string(mapped)], "destinationField": .string(mapped),
                    "connectorOperator": ["S3": "NO_OP"],
                ]
            ],
        ]
        if let description { input["description"] = .string(description) }
        return input
    }

    static func id(_ number: Int) -> String {
        let digits = String(number)
        return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    static func command(
        _ number: Int, _ operation: String, _ name: String = "orders", account: String = account, token: String? = nil,
        digest: String = "d", expiresAt: Int64 = .max, input: JSONObject? = nil
    ) -> Command {
        Command(
            id: id(number), operation: operation, account: account, region: "us-east-1",
            principal: "arn:aws:iam::1:root",
            flowName: name, token: token, digest: digest, replyTo: nil, expiresAt: expiresAt,
            input: input ?? ["flowName": .string(name)])
    }

    static func create(_ number: Int, _ name: String = "orders", token: String? = nil) -> Command {
        command(number, "CreateFlow", name, token: token, input: input(name))
    }
}

extension Outcome {
    /// The response of a success; nil for an error.
    var response: JSONObject? {
        if case .success(let response) = result { return response }
        return nil
    }

    /// The code of an error; nil for a success.
    var code: String? {
        if case .failure(let code, _) = result { return code }
        return nil
    }

    var message: String {
        if case .failure(_, let message) = result { return message }
        return ""
    }
}
