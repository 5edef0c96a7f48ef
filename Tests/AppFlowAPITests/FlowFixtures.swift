// SPDX-License-Identifier: Apache-2.0

import AppFlowAPI
import JSON
import Testing

/// Inputs for the tests of definitions, valid unless a part is replaced.
enum FlowFixtures {
    static let source: JSONValue = [
        "connectorType": "S3", "sourceConnectorProperties": ["S3": ["bucketName": "src", "bucketPrefix": "in/"]],
    ]
    static let destination: JSONValue = [
        "connectorType": "S3", "destinationConnectorProperties": ["S3": ["bucketName": "dst"]],
    ]
    static let projection: JSONValue = [
        "taskType": "Filter", "sourceFields": ["id", "name"], "connectorOperator": ["S3": "PROJECTION"],
    ]
    static let map: JSONValue = [
        "taskType": "Map", "sourceFields": ["id"], "destinationField": "id", "connectorOperator": ["S3": "NO_OP"],
    ]

    static func input(_ replacements: JSONObject = [:]) -> JSONObject {
        var input: JSONObject = [
            "flowName": "orders", "triggerConfig": ["triggerType": "OnDemand"], "sourceFlowConfig": source,
            "destinationFlowConfigList": [destination], "tasks": [projection, map],
        ]
        for (key, value) in replacements { input[key] = value }
        return input
    }

    /// Through the constraints, as a request would.
    static func definition(_ replacements: JSONObject = [:]) throws -> FlowDefinition {
        let operation = try #require(APIOperation.named("CreateFlow"))
        let input = try RequestValidator.validate(
            operation: operation, uriMembers: [:], body: input(replacements).serialized())
        return try FlowDefinition(input: input)
    }

    static func filter(_ op: String, _ properties: JSONObject, fields: JSONValue = ["price"]) -> JSONValue {
        [
            "taskType": "Filter", "sourceFields": fields, "connectorOperator": ["S3": .string(op)],
            "taskProperties": .object(properties),
        ]
    }

    /// The message with which a definition is refused, nil if it is not.
    static func refusal(
        _ replacements: JSONObject, operation: String = "Create", isStrict: Bool = false
    ) throws -> String? {
        let definition = try definition(replacements)
        do throws(APIError) {
            try SemanticRules.checkFlow(definition, operation: operation, isStrict: isStrict)
            return nil
        } catch {
            #expect(error.code == "ValidationException")
            return error.message
        }
    }
}
