// SPDX-License-Identifier: Apache-2.0

import AppFlowAPI
import JSON
import Testing

@Suite struct FlowRenderingTests {
    @Test func echoesDefaults() throws {
        let echoed = FlowRendering.echoedDefinition(
            FlowFixtures.input(["clientToken": "t", "useDefaultEncryption": true]))
        let expected = try JSONValue.parse(
            """
            {"flowName":"orders","triggerConfig":{"triggerType":"OnDemand","triggerProperties":{}},
             "sourceFlowConfig":{"connectorType":"S3","sourceConnectorProperties":{"S3":{"bucketName":"src","bucketPrefix":"in/"}}},
             "destinationFlowConfigList":[{"connectorType":"S3","destinationConnectorProperties":{"S3":{"bucketName":"dst",
              "s3OutputFormatConfig":{"fileType":"JSON","prefixConfig":{},"aggregationConfig":{"aggregationType":"None"}}}}}],
             "tasks":[
              {"taskType":"Filter","sourceFields":["id","name"],"connectorOperator":{"S3":"PROJECTION"},"taskProperties":{}},
              {"taskType":"Map","sourceFields":["id"],"destinationField":"id","connectorOperator":{"S3":"NO_OP"},"taskProperties":{}}],
             "tags":{}}
            """)
        #expect(JSONValue.object(echoed) == expected)
    }

    /// Members of the answer that are no part of a definition cannot be smuggled in.
    @Test func echoesDefinitionMembersOnly() {
        let echoed = FlowRendering.echoedDefinition(
            FlowFixtures.input(["flowArn": "x", "createdAt": 1, "flowStatus": "Errored", "schemaVersion": 9]))
        #expect(echoed == FlowRendering.echoedDefinition(FlowFixtures.input()))
    }

    @Test func keepsWhatWasGiven() throws {
        let task: JSONValue = [
            "taskType": "Map_all", "sourceFields": [], "destinationField": "",
            "taskProperties": ["EXCLUDE_SOURCE_FIELDS_LIST": "[]"],
        ]
        let destination: JSONValue = [
            "connectorType": "S3",
            "destinationConnectorProperties": [
                "S3": [
                    "bucketName": "dst",
                    "s3OutputFormatConfig": [
                        "fileType": "CSV", "prefixConfig": ["prefixType": "PATH"],
                        "aggregationConfig": ["targetFileSize": 0], "unknown": 1,
                    ],
                ]
            ],
        ]
        let echoed = FlowRendering.echoedDefinition(
            FlowFixtures.input(["tasks": [task], "destinationFlowConfigList": [destination], "tags": ["k": "v"]]))
        #expect(echoed["tasks"] == [task])
        #expect(echoed["tags"] == ["k": "v"])
        let format = echoed["destinationFlowConfigList"]?.arrayValue?.first?["destinationConnectorProperties"]?["S3"]?[
            "s3OutputFormatConfig"]
        #expect(
            format == [
                "fileType": "CSV", "prefixConfig": ["prefixType": "PATH"],
                "aggregationConfig": ["targetFileSize": 0, "aggregationType": "None"],
            ])
    }

    @Test func timestampsBecomeNumbers() {
        let echoed = FlowRendering.echoedDefinition(
            FlowFixtures.input([
                "triggerConfig": [
                    "triggerType": "Scheduled",
                    "triggerProperties": [
                        "Scheduled": [
                            "scheduleExpression": "rate(1days)", "scheduleStartTime": "2022-04-26T13:00:00-07:00",
                            "timezone": nil,
                        ]
                    ],
                ]
            ]))
        let scheduled = echoed["triggerConfig"]?["triggerProperties"]?["Scheduled"]
        #expect(scheduled?["scheduleStartTime"]?.doubleValue == 1_651_003_200)
        #expect(scheduled?["timezone"] == nil)
    }

    /// Clients send DescribeFlow's answer back.
    @Test func roundTrips() throws {
        let once = FlowRendering.echoedDefinition(FlowFixtures.input())
        #expect(FlowRendering.echoedDefinition(once) == once)
        #expect(try FlowDefinition(input: once) == FlowDefinition(input: FlowFixtures.input()))
    }
}
