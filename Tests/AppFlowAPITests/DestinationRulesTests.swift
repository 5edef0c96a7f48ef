// SPDX-License-Identifier: Apache-2.0

import AppFlowAPI
import JSON
import Testing

@Suite struct DestinationRulesTests {
    private typealias F = FlowFixtures

    static func s3(_ bucket: String, _ prefix: String? = nil, _ format: JSONObject = [:]) -> JSONValue {
        var properties: JSONObject = ["bucketName": .string("bucket-\(bucket)")]
        if let prefix { properties["bucketPrefix"] = .string(prefix) }
        if !format.isEmpty { properties["s3OutputFormatConfig"] = .object(format) }
        return ["connectorType": "S3", "destinationConnectorProperties": ["S3": .object(properties)]]
    }

    private static func path(_ format: String, _ hierarchy: JSONValue = []) -> JSONObject {
        ["prefixConfig": ["prefixType": "PATH", "prefixFormat": .string(format), "pathPrefixHierarchy": hierarchy]]
    }

    private static func refusal(_ destinations: [JSONValue], operation: String = "Create") throws -> String? {
        try F.refusal(["destinationFlowConfigList": .array(destinations)], operation: operation)
    }

    @Test func severalDestinationsAreAcceptedAndRun() throws {
        let several = [Self.s3("a"), Self.s3("b"), Self.s3("a", "x", ["fileType": "CSV"])]
        #expect(try Self.refusal(several) == nil)
        #expect(RunSupport.problem(try F.definition(["destinationFlowConfigList": .array(several)])) == nil)
    }

    @Test(arguments: [
        [s3("a"), s3("a")],
        [s3("a"), s3("a", "/")],
        [s3("a", "x/y"), s3("a", "/x/y//")],
        // The format does not stand in the key, and of names only the end may differ.
        [s3("a", "x"), s3("a", "x", ["fileType": "CSV"])],
        [s3("a", "x"), s3("a", "x", ["aggregationConfig": ["aggregationType": "SingleFile"]])],
        [s3("a", "x"), s3("a", "x", ["prefixConfig": ["prefixType": "FILENAME", "prefixFormat": "DAY"]])],
        [s3("a", "x"), s3("a", "x", ["prefixConfig": ["prefixType": "PATH"]])],
        [
            s3("a", "x", path("DAY", ["EXECUTION_ID", "SCHEMA_VERSION"])),
            s3("a", "x", path("DAY", ["SCHEMA_VERSION", "EXECUTION_ID"])),
        ],
    ])
    func oneSamePlaceIsRefused(_ destinations: [JSONValue]) throws {
        let message = try #require(try Self.refusal(destinations))
        #expect(
            message.hasPrefix(
                "Create Flow request failed: [destinationFlowConfigList.2.member writes to the same place as "
                    + "destinationFlowConfigList.1.member, s3://bucket-a"), "\(message)")
        #expect(try Self.refusal(destinations, operation: "Update")?.contains("the same keys") == true)
    }

    @Test(arguments: [
        [s3("a"), s3("b")],
        [s3("a", "x"), s3("a", "y")],
        [s3("a", "x"), s3("a", "x/y")],
        [s3("a", "x"), s3("a", "X")],
        [s3("a", "x", path("DAY")), s3("a", "x", path("HOUR"))],
        [s3("a", "x", path("DAY")), s3("a", "x")],
        [s3("a", "x", path("DAY", ["EXECUTION_ID"])), s3("a", "x", path("DAY"))],
        [s3("a", "x", path("DAY", ["EXECUTION_ID"])), s3("a", "x", path("DAY", ["SCHEMA_VERSION"]))],
    ])
    func otherPlacesAreAccepted(_ destinations: [JSONValue]) throws {
        #expect(try Self.refusal(destinations) == nil)
    }

    @Test func everyCollisionIsNamed() throws {
        let message = try #require(try Self.refusal([Self.s3("a"), Self.s3("b"), Self.s3("a"), Self.s3("b")]))
        #expect(
            message.contains(
                "destinationFlowConfigList.3.member writes to the same place as destinationFlowConfigList.1"))
        #expect(
            message.contains(
                "destinationFlowConfigList.4.member writes to the same place as destinationFlowConfigList.2"))
    }

    @Test func thereAreAtMostTen() throws {
        #expect(try Self.refusal((1...10).map { Self.s3("\($0)") }) == nil)
        #expect(
            try Self.refusal((1...11).map { Self.s3("\($0)") })
                == "Create Flow request failed: [A flow has at most 10 destinations, found 11.]")
    }

    @Test func eachIsCheckedAndNamedByItsPlace() throws {
        let negative = Self.s3("b", nil, ["aggregationConfig": ["targetFileSize": -1]])
        #expect(
            try Self.refusal([Self.s3("a"), negative])
                == "Create Flow request failed: "
                + "[destinationFlowConfigList.2.member: targetFileSize must not be negative.]")
        #expect(
            try Self.refusal([negative]) == "Create Flow request failed: [targetFileSize must not be negative.]")
    }

    @Test func whatDoesNotRunIsNamedOnce() throws {
        let bridge: JSONValue = [
            "connectorType": "EventBridge", "destinationConnectorProperties": ["EventBridge": ["object": "o"]],
        ]
        let flow: JSONObject = ["destinationFlowConfigList": .array([Self.s3("a"), bridge, bridge])]
        #expect(
            RunSupport.problem(try F.definition(flow))
                == "Not supported yet: the destination connector EventBridge (S3 is).")
    }
}
