// SPDX-License-Identifier: Apache-2.0

import AppFlowAPI
import JSON
import Testing

@Suite struct FlowDefinitionTests {
    @Test func readsTheSmallest() throws {
        let definition = try FlowFixtures.definition()
        #expect(definition.flowName == "orders")
        #expect(definition.description == nil)
        #expect(definition.trigger.type == "OnDemand")
        #expect(definition.trigger.properties.isEmpty)
        #expect(definition.source.properties == .s3(bucket: "src", prefix: "in/", inputType: .csv))
        #expect(definition.source.unionKey == "S3")
        let s3 = try #require(definition.destinations.first?.s3)
        #expect(s3.bucketName == "dst")
        #expect(s3.fileType == .json)
        #expect(s3.aggregationType == .none)
        #expect(s3.prefixType == nil)
        #expect(s3.targetFileSize == nil)
        #expect(!s3.preserveSourceDataTyping)
        #expect(definition.tasks.map(\.operatorName) == ["PROJECTION", "NO_OP"])
        #expect(definition.tags.isEmpty)
    }

    @Test func readsEverything() throws {
        let definition = try FlowFixtures.definition([
            "description": "d", "tags": ["k": "v"],
            "sourceFlowConfig": [
                "connectorType": "S3", "connectorProfileName": "p", "apiVersion": "v1",
                "sourceConnectorProperties": [
                    "S3": ["bucketName": "src", "s3InputFormatConfig": ["s3InputFileType": "JSON"]]
                ],
            ],
            "destinationFlowConfigList": [
                [
                    "connectorType": "S3",
                    "destinationConnectorProperties": [
                        "S3": [
                            "bucketName": "dst", "bucketPrefix": "out",
                            "s3OutputFormatConfig": [
                                "fileType": "CSV", "preserveSourceDataTyping": "true",
                                "prefixConfig": [
                                    "prefixType": "PATH_AND_FILENAME", "prefixFormat": "MINUTE",
                                    "pathPrefixHierarchy": ["SCHEMA_VERSION", "EXECUTION_ID"],
                                ],
                                "aggregationConfig": ["aggregationType": "SingleFile", "targetFileSize": 128],
                            ],
                        ]
                    ],
                ]
            ],
            "tasks": [
                [
                    "taskType": "Map_all", "sourceFields": [], "destinationField": "",
                    "taskProperties": ["EXCLUDE_SOURCE_FIELDS_LIST": "[\"x\"]"],
                ]
            ],
        ])
        #expect(definition.source.properties == .s3(bucket: "src", prefix: "", inputType: .json))
        #expect(definition.source.connectorProfileName == "p")
        let s3 = try #require(definition.destinations.first?.s3)
        #expect(s3.bucketPrefix == "out")
        #expect(s3.fileType == .csv)
        #expect(s3.prefixType == .pathAndFilename)
        #expect(s3.prefixFormat == .minute)
        #expect(s3.pathPrefixHierarchy == [.schemaVersion, .executionID])
        #expect(s3.aggregationType == .singleFile)
        #expect(s3.targetFileSize == 128)
        #expect(s3.preserveSourceDataTyping)
        let task = try #require(definition.tasks.first)
        #expect(task.destinationField == nil)
        #expect(task.connectorOperator == nil)
        #expect(task.operatorName == "NO_OP")
        #expect(task.properties == ["EXCLUDE_SOURCE_FIELDS_LIST": "[\"x\"]"])
        #expect(definition.tags == ["k": "v"])
    }

    @Test func filterValues() {
        func values(_ properties: [String: String]) -> [String]? {
            FlowTask(taskType: "Filter", sourceFields: ["f"], properties: properties).filterValues
        }
        #expect(values(["VALUE": "a,b"]) == ["a,b"])
        #expect(values(["VALUES": "a, b,"]) == ["a", " b", ""])
        #expect(values([:]) == nil)
    }

    @Test func refusesPropertiesOfAnotherConnector() {
        let error = #expect(throws: APIError.self) {
            try FlowFixtures.definition([
                "sourceFlowConfig": [
                    "connectorType": "S3", "sourceConnectorProperties": ["Salesforce": ["object": "Account"]],
                ]
            ])
        }
        #expect(error?.code == "ValidationException")
        #expect(error?.message.contains("member S3 is required") == true)
        let both = #expect(throws: APIError.self) {
            try FlowFixtures.definition([
                "destinationFlowConfigList": [
                    [
                        "connectorType": "S3",
                        "destinationConnectorProperties": [
                            "S3": ["bucketName": "dst"], "EventBridge": ["object": "o"],
                        ],
                    ]
                ]
            ])
        }
        #expect(both?.message.contains("found EventBridge") == true)
    }
}
