// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import AppFlowAPI

@Suite struct RequestValidatorTests {
    private func validate(_ operation: String, _ body: String, _ bound: JSONObject = [:]) throws -> JSONObject {
        let operation = try #require(APIOperation.named(operation))
        return try RequestValidator.validate(operation: operation, uriMembers: bound, body: Array(body.utf8))
    }

    private func failure(_ operation: String, _ body: String, _ bound: JSONObject = [:]) -> APIError? {
        #expect(throws: APIError.self) { try validate(operation, body, bound) }
    }

    @Test func tellsOneErrorInAWSsWords() {
        let error = failure("RegisterConnector", #"{"connectorLabel":"Google BigQuery"}"#)
        #expect(
            error?.message
                == "1 validation error detected: Value 'Google BigQuery' at 'connectorLabel' failed to satisfy "
                + #"constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9][\w!@#.-]+"#)
        #expect(error?.code == "ValidationException")
        #expect(error?.status == 400)
    }

    @Test func tellsSeveralErrors() {
        let error = failure("ListFlows", #"{"maxResults":0,"nextToken":"a b"}"#)
        #expect(
            error?.message
                == "2 validation errors detected: Value '0' at 'maxResults' failed to satisfy constraint: Member "
                + "must have value greater than or equal to 1; Value 'a b' at 'nextToken' failed to satisfy constraint: "
                + #"Member must satisfy regular expression pattern: \S+"#)
    }

    @Test func tellsPathsInLists() {
        let body = """
            {"flowName":"ab","triggerConfig":{"triggerType":"OnDemand"},
             "sourceFlowConfig":{"connectorType":"s3","sourceConnectorProperties":{}},"destinationFlowConfigList":[],
             "tasks":[{"taskType":"Mapping","sourceFields":[]},{"sourceFields":[],"connectorOperator":{"S3":"CONTAINS"},
             "taskType":"Filter","taskProperties":{"value":"x","VALUE":""}}]}
            """
        let message = failure("CreateFlow", body)?.message ?? ""
        #expect(message.hasPrefix("5 validation errors detected: "))
        #expect(
            message.contains(
                "Value 's3' at 'sourceFlowConfig.connectorType' failed to satisfy constraint: Member must satisfy enum value set: [Salesforce, "
            ))
        #expect(message.contains("Value 'Mapping' at 'tasks.1.member.taskType' failed"))
        #expect(message.contains("Value 'CONTAINS' at 'tasks.2.member.connectorOperator.S3' failed"))
        #expect(
            message.contains(
                "Value '{value=x, VALUE=}' at 'tasks.2.member.taskProperties' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy enum value set: [VALUE, "
            ))
        #expect(
            message.contains(
                "Map value must satisfy constraint: [Member must have length less than or equal to 2048, "
                    + "Member must satisfy regular expression pattern: .+]"))
    }

    @Test func missingMembersAndEmptyBody() {
        #expect(
            failure("DescribeFlow", "")?.message
                == "1 validation error detected: Value null at 'flowName' failed to satisfy constraint: Member must not be null"
        )
        #expect(failure("DescribeFlow", #"{"flowName":null}"#)?.code == "ValidationException")
        #expect(throws: Never.self) { try validate("ListFlows", "") }
        #expect(throws: Never.self) { try validate("ListFlows", " {} \n") }
    }

    @Test func dropsNullsAndKeepsUnknownMembers() throws {
        let input = try validate("ListFlows", #"{"nextToken":null,"maxResults":5,"extra":{"a":null},"gone":null}"#)
        #expect(input == ["maxResults": 5, "extra": ["a": nil]])
    }

    @Test func toleratesBooleansAsText() throws {
        #expect(try validate("DeleteFlow", #"{"flowName":"ab","forceDelete":"true"}"#)["forceDelete"] == true)
        #expect(try validate("DeleteFlow", #"{"flowName":"ab","forceDelete":"false"}"#)["forceDelete"] == false)
        #expect(failure("DeleteFlow", #"{"flowName":"ab","forceDelete":"True"}"#)?.code == "SerializationException")
    }

    @Test(arguments: ["{", "[]", "null", "\"x\"", "{\"flowName\":\"ab\",}", "\u{FEFF}{}", "{}{}"])
    func refusesWhatIsNoJSONObject(_ body: String) {
        #expect(failure("DescribeFlow", body)?.code == "SerializationException")
    }

    @Test func refusesDeepNesting() {
        let body = #"{"flowName":"ab","x":"# + String(repeating: "[", count: 100_000)
        #expect(failure("DescribeFlow", body)?.code == "SerializationException")
    }

    @Test func tellsWrongTypesWithoutTheValue() {
        let error = failure("DescribeFlow", #"{"flowName":12345}"#)
        #expect(error?.code == "SerializationException")
        #expect(error?.message == "NUMBER_VALUE can not be converted to String at 'flowName'")
        #expect(failure("ListFlows", #"{"maxResults":2.5}"#)?.code == "SerializationException")
        #expect(failure("ListFlows", #"{"maxResults":3000000000}"#)?.code == "SerializationException")
        #expect(throws: Never.self) { try validate("ListFlows", #"{"maxResults":2.0}"#) }
    }

    @Test func hidesSensitiveValues() {
        let body = """
            {"connectorProfileName":"p","connectorType":"CustomConnector","connectionMode":"Public","connectorLabel":"ab",
             "connectorProfileConfig":{"connectorProfileProperties":{},"connectorProfileCredentials":{"CustomConnector":{
             "authenticationType":"CUSTOM","basic":{"username":"u","password":"hunter2 \(String(repeating: "x", count: 600))"},
             "custom":{"customAuthenticationType":"t","credentialsMap":{"secretkey hunter2":"hun ter2"}},
             "apiKey":{"apiKey":"hunter2 key"}}}}}
            """
        let message = failure("CreateConnectorProfile", body)?.message ?? ""
        #expect(
            message.contains(
                "Value at 'connectorProfileConfig.connectorProfileCredentials.CustomConnector.basic.password' failed"))
        #expect(message.contains("CustomConnector.custom.credentialsMap' failed to satisfy constraint: Map"))
        #expect(
            message.contains(
                "Value at 'connectorProfileConfig.connectorProfileCredentials.CustomConnector.apiKey.apiKey'"))
        #expect(!message.contains("hunter2"))
        #expect(!message.contains("hun ter2"))
        #expect(!message.contains("secretkey"))
    }

    @Test func hidesSensitiveKeysInPaths() {
        let body = """
            {"connectorProfileName":"p","connectorType":"CustomConnector","connectionMode":"Public",
             "connectorProfileConfig":{"connectorProfileProperties":{},"connectorProfileCredentials":{"CustomConnector":{
             "authenticationType":"CUSTOM","custom":{"customAuthenticationType":"t","credentialsMap":{"hunter2":5}}}}}}
            """
        let error = failure("CreateConnectorProfile", body)
        #expect(error?.code == "SerializationException")
        #expect(error?.message.contains("credentialsMap") == true)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test func cutsLongValuesAndLongLists() {
        let long = String(repeating: "y ", count: 5000)
        let message = failure("DescribeFlow", #"{"flowName":"\#(long)"}"#)?.message ?? ""
        #expect(message.contains("…' at 'flowName'"))
        #expect(message.utf8.count < 1000)
        let tasks = Array(repeating: "{}", count: 10_000).joined(separator: ",")
        let many = failure("UpdateFlow", #"{"flowName":"ab","tasks":[\#(tasks)]}"#)?.message ?? ""
        #expect(many.hasPrefix("20003 validation errors detected: "))
        #expect(many.hasSuffix("; and 19983 more"))
        #expect(many.utf8.count < 5000)
    }

    @Test func countsLengthsInCharactersNotBytes() throws {
        let name = String(repeating: "é", count: 256)
        let task = { (name: String) in
            #"{"flowName":"ab","triggerConfig":{"triggerType":"OnDemand"},"destinationFlowConfigList":[],"#
                + #""sourceFlowConfig":{"connectorType":"S3","sourceConnectorProperties":{}},"#
                + #""tasks":[{"taskType":"Map","sourceFields":["a"],"destinationField":"\#(name)"}]}"#
        }
        #expect(throws: Never.self) { try validate("UpdateFlow", task(name)) }
        #expect(failure("UpdateFlow", task(name + "e"))?.message.contains("less than or equal to 256") == true)
    }

    @Test func listsOfPlainElementsAreToldAtTheList() {
        let error = failure("CancelFlowExecutions", #"{"flowName":"ab","executionIds":["ok","a b","c d"]}"#)
        #expect(
            error?.message == "1 validation error detected: Value '[ok, a b, c d]' at 'executionIds' failed to satisfy "
                + "constraint: Member must satisfy constraint: [Member must have length less than or equal to 256, "
                + #"Member must satisfy regular expression pattern: \S+]"#)
        #expect(
            failure("CancelFlowExecutions", #"{"flowName":"ab","executionIds":[null]}"#)?.message.contains(
                "Value null at 'executionIds.1.member'") == true)
    }

    @Test func membersOfThePathAreNotReadFromTheBody() throws {
        let arn = "arn:aws:appflow:us-east-1:000000000000:flow/f1"
        let input = try validate(
            "TagResource", #"{"resourceArn":"arn:aws:x:y:1:z","tags":{"k":"v"}}"#, ["resourceArn": .string(arn)])
        #expect(input["resourceArn"]?.stringValue == arn)
        #expect(
            failure("TagResource", #"{"resourceArn":"\#(arn)","tags":{}}"#)?.message.contains("'resourceArn'") == true)
        #expect(
            failure("TagResource", #"{"tags":{"aws:k":"v"}}"#, ["resourceArn": .string(arn)])?.code
                == "ValidationException")
        #expect(
            failure("UntagResource", "", ["resourceArn": .string(arn)])?.message.contains("Value null at 'tagKeys'")
                == true)
        // A body where none belongs is not looked at.
        #expect(throws: Never.self) { try validate("ListTagsForResource", "not json", ["resourceArn": .string(arn)]) }
    }

    @Test(arguments: [1_650_978_000, 1_650_978_000.123, "2022-04-26T13:00:00-07:00"] as [JSONValue])
    func acceptsTimestamps(_ moment: JSONValue) throws {
        let model = ServiceModel.shared
        let place = try #require(model.shapesByName["ScheduledTriggerProperties"])
        #expect(throws: Never.self) {
            try RequestValidator.validate(
                ["scheduleExpression": "rate(1day)", "scheduleStartTime": moment], shape: place)
        }
    }
}
