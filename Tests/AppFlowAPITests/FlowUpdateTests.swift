// SPDX-License-Identifier: Apache-2.0

import AppFlowAPI
import JSON
import Testing

@Suite struct FlowUpdateTests {
    private typealias F = FlowFixtures

    private func refusal(_ old: JSONObject, _ new: JSONObject) throws -> String? {
        let (old, new) = (try F.definition(old), try F.definition(new))
        do throws(APIError) {
            try SemanticRules.checkUpdate(old: old, new: new)
            return nil
        } catch {
            return error.message
        }
    }

    private static func eventBridge(_ object: String) -> JSONValue {
        [
            [
                "connectorType": "EventBridge",
                "destinationConnectorProperties": ["EventBridge": ["object": .string(object)]],
            ]
        ]
    }

    @Test func connectorsAndObjectAreFixed() throws {
        let salesforce: JSONValue = [
            "connectorType": "Salesforce", "sourceConnectorProperties": ["Salesforce": ["object": "Account"]],
        ]
        #expect(try refusal([:], [:]) == nil)
        #expect(
            try refusal([:], ["sourceFlowConfig": salesforce])?.contains("Source connector can not be updated") == true)
        #expect(
            try refusal([:], ["destinationFlowConfigList": Self.eventBridge("a")])?.contains(
                "Destination connector can not") == true)
        #expect(
            try refusal(
                ["destinationFlowConfigList": Self.eventBridge("a")],
                ["destinationFlowConfigList": Self.eventBridge("b")])
                == "Update Flow request failed due to:[Destination object for the destination connector can not be updated]"
        )
    }

    /// AppFlow's rule is for its one destination.
    @Test func aListOfSeveralMayChange() throws {
        let lists: [JSONValue] = [
            [F.destination], [F.destination, DestinationRulesTests.s3("b")], Self.eventBridge("a"),
            .array([F.destination] + (Self.eventBridge("a").arrayValue ?? [])),
        ]
        for old in lists {
            for new in lists where old.arrayValue?.count != 1 || new.arrayValue?.count != 1 {
                #expect(try refusal(["destinationFlowConfigList": old], ["destinationFlowConfigList": new]) == nil)
            }
        }
    }

    @Test func bucketsMayChange() throws {
        let other: JSONValue = [
            ["connectorType": "S3", "destinationConnectorProperties": ["S3": ["bucketName": "elsewhere"]]]
        ]
        #expect(try refusal([:], ["destinationFlowConfigList": other]) == nil)
    }

    private func changes(_ old: JSONObject, _ new: JSONObject) throws -> Bool {
        try SemanticRules.schemaVersionChanges(old: F.definition(old), new: F.definition(new))
    }

    private static func prefixed(_ config: JSONObject) -> JSONObject {
        [
            "destinationFlowConfigList": [
                [
                    "connectorType": "S3",
                    "destinationConnectorProperties": [
                        "S3": ["bucketName": "dst", "s3OutputFormatConfig": ["prefixConfig": .object(config)]]
                    ],
                ]
            ]
        ]
    }

    @Test func schemaVersionFollowsMappings() throws {
        let second: JSONValue = ["taskType": "Map", "sourceFields": ["name"], "destinationField": "n"]
        var renamed = F.map.objectValue ?? [:]
        renamed["destinationField"] = "key"
        var typed = F.map.objectValue ?? [:]
        typed["taskProperties"] = ["DESTINATION_DATA_TYPE": "double"]
        #expect(try changes(["tasks": [F.map]], ["tasks": [F.map, second]]))
        #expect(try changes(["tasks": [F.map]], ["tasks": [.object(renamed)]]))
        #expect(try changes(["tasks": [F.map]], ["tasks": [.object(typed)]]))
        #expect(try changes([:], Self.prefixed(["pathPrefixHierarchy": ["EXECUTION_ID"]])))
        #expect(try changes([:], Self.prefixed(["prefixType": "PATH", "prefixFormat": "DAY"])))
        // Neither the order nor a filter nor the trigger makes a new schema.
        #expect(try !changes(["tasks": [F.map, second]], ["tasks": [second, F.map]]))
        #expect(try !changes(["tasks": [F.map]], ["tasks": [F.map, F.filter("EQUAL_TO", ["VALUE": "1"])]]))
        #expect(try !changes([:], ["triggerConfig": ["triggerType": "Event"], "description": "x"]))
        // No operator and NO_OP are the same.
        var bare = F.map.objectValue ?? [:]
        bare["connectorOperator"] = nil
        #expect(try !changes(["tasks": [F.map]], ["tasks": [.object(bare)]]))
    }
}
