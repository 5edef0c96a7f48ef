// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import HTTPServer
import JSON
import Testing

@testable import Ingestor

@Suite struct RequestPreferencesTests {
    private func request(_ headers: [(String, String)], query: String = "") -> HTTPRequest {
        HTTPRequest(
            id: "1", method: "POST", rawPath: "/update-flow", rawQuery: query, headers: HTTPHeaders(headers))
    }

    @Test func asynchronousAnswersAreAskedForByName() {
        for value in ["respond-async", "wait=10, Respond-Async", "respond-async; wait=1", " respond-async\t"] {
            #expect(RequestPreferences.wantsAsync(request([("Prefer", value)])), "\(value)")
        }
        for value in ["", "respond-asynchronously", "wait=respond-async", ";"] {
            #expect(!RequestPreferences.wantsAsync(request([("Prefer", value)])), "\(value)")
        }
        #expect(RequestPreferences.wantsAsync(request([("prefer", "wait=1"), ("PREFER", "respond-async")])))
        #expect(!RequestPreferences.wantsAsync(request([])))
    }

    @Test func tagsOfIfMatch() throws {
        let cases: [(String, [String]?)] = [
            (#""a-3""#, ["a-3"]), (#""a-3", "a-4""#, ["a-3", "a-4"]), ("  \"a-3\"\t,,\"x,y\" ", ["a-3", "x,y"]),
            ("*", nil), (" * ", nil), (#""""#, [""]), ("", []), (",", []), (#"W/"a-3""#, []),
            (#"W/"a-3", "b-1""#, ["b-1"]), (#""*""#, ["*"]),
        ]
        for (value, expected) in cases {
            #expect(try RequestPreferences.expectedTags(request([("If-Match", value)])) == expected, "\(value)")
        }
        #expect(try RequestPreferences.expectedTags(request([])) == nil)
        let two = request([("If-Match", #""1""#), ("if-match", #""2""#)])
        #expect(try RequestPreferences.expectedTags(two) == ["1", "2"])
        for value in ["a-3", #"""#, #""a"#, #""a" "b""#, #""a", *"#, #"w/"a""#, #"W/a"#, "*, *"] {
            let error = #expect(throws: APIError.self, "\(value)") {
                try RequestPreferences.expectedTags(request([("If-Match", value)]))
            }
            #expect(error?.code == "ValidationException" && error?.message.contains("If-Match must be") == true)
        }
    }

    // MARK: The documented envelope

    @Test func theEnvelopeIsForUnsignedRequestsThatAcceptExactlyJSON() {
        let accept = ("Accept", "application/json")
        #expect(DocumentedEnvelope.applies(to: request([accept])))
        #expect(DocumentedEnvelope.applies(to: request([accept, ("Authorization", "Bearer abc")])))
        #expect(!DocumentedEnvelope.applies(to: request([accept, ("Authorization", "AWS4-HMAC-SHA256 Credential=")])))
        #expect(!DocumentedEnvelope.applies(to: request([accept], query: "a=b&X-Amz-Signature=0")))
        #expect(DocumentedEnvelope.applies(to: request([accept], query: "tagKeys=X-Amz-Signature")))
        #expect(!DocumentedEnvelope.applies(to: request([accept, accept])))
        #expect(!DocumentedEnvelope.applies(to: request([("Accept", "application/json; charset=utf-8")])))
        #expect(!DocumentedEnvelope.applies(to: request([])))
    }

    @Test func theEnvelopeHoldsTheMembers() {
        let details = OutcomeDetails(id: "the-id", createdAt: 1_700_000_000_123_999, revision: 1)
        func text(_ body: String, _ details: OutcomeDetails?) -> String {
            String(decoding: DocumentedEnvelope.success(Array(body.utf8), details), as: UTF8.self)
        }
        #expect(text("{}", nil) == #"{"success":true,"data":{}}"#)
        #expect(text(#"{"a":1}"#, nil) == #"{"success":true,"data":{"a":1}}"#)
        let made = #""id":"the-id","created_at":"2023-11-14T22:13:20.123Z""#
        #expect(text("{}", details) == #"{"success":true,"data":{\#(made)}}"#)
        #expect(text(#"{"a":1}"#, details) == #"{"success":true,"data":{\#(made),"a":1}}"#)
    }

    @Test func codesOfTheEnvelope() {
        let codes = [
            "ValidationException": "VALIDATION_ERROR", "ResourceNotFoundException": "RESOURCE_NOT_FOUND",
            "ConflictException": "CONFLICT", "ServiceUnavailable": "SERVICE_UNAVAILABLE",
            "ServiceQuotaExceededException": "SERVICE_QUOTA_EXCEEDED", "InternalFailure": "INTERNAL_FAILURE",
        ]
        for (name, code) in codes { #expect(DocumentedEnvelope.code(of: name) == code) }
        let error = DocumentedEnvelope.failure(.validation("a \"word\""))
        #expect(
            String(decoding: error, as: UTF8.self)
                == #"{"success":false,"error":{"code":"VALIDATION_ERROR","message":"a \"word\""}}"#)
    }

    // MARK: Command resources

    @Test func commandResourcesBelongToAnAccount() throws {
        var command = Command(
            id: "00000000-0000-4000-8000-000000000001", operation: "StartFlow", account: "1", region: "r",
            principal: "p",
            flowName: "orders", token: nil, digest: "", replyTo: nil, expiresAt: 500, input: [:])
        command.isAsync = true
        let tokens = PageToken(secret: "secret")
        let made = CommandResource(command, tokens)
        let read = try #require(CommandResource(id: made.id, account: "1", tokens))
        #expect(read.commandID == command.id && read.operation == "StartFlow" && read.expiresAt == 500)
        #expect(CommandResource(id: made.id, account: "2", tokens) == nil)
        #expect(CommandResource(id: made.id, account: "1", PageToken(secret: "other")) == nil)
        #expect(CommandResource(id: command.id, account: "1", tokens) == nil)
        let done = read.body(Outcome(commandID: command.id, result: .success(["a": 1])))
        #expect(done["status"] == "Succeeded" && done["response"] == ["a": 1] && done["error"] == nil)
        let failed = read.body(Outcome(commandID: command.id, error: .conflict("no")))
        #expect(failed["status"] == "Failed" && failed["error"] == ["code": "ConflictException", "message": "no"])
        #expect(read.pending["status"] == "Pending" && read.pending["error"] == nil)
    }

    /// Its transaction may be committed a little after it expired; and later than outcomes are kept, nobody knows.
    @Test func whatACommandWithoutAnOutcomeIs() throws {
        let second: Int64 = 1_000_000
        let sent: Int64 = 1_700_000_000 * second
        let expiry = sent + CommandResource.lifetimeMicroseconds
        let command = Command(
            id: "00000000-0000-4000-8000-000000000001", operation: "StartFlow", account: "1", region: "r",
            principal: "p", flowName: "orders", token: nil, digest: "", replyTo: nil, expiresAt: expiry, input: [:])
        let resource = CommandResource(command, PageToken(secret: "secret"))
        for now in [sent, expiry, expiry + 60 * second] {
            #expect(try resource.bodyWithoutOutcome(now: now)["status"] == "Pending")
        }
        for now in [expiry + 60 * second + 1, sent + 8 * 3_600 * second] {
            let body = try resource.bodyWithoutOutcome(now: now)
            #expect(body["status"] == "Expired")
            #expect(body["error"]?["message"]?.stringValue?.contains("It was not carried out") == true)
        }
        let error = #expect(throws: APIError.self) {
            try resource.bodyWithoutOutcome(now: sent + 8 * 3_600 * second + 1)
        }
        #expect(error?.code == "ResourceNotFoundException")
    }

    // MARK: Filters of run records

    @Test func filtersOfRunRecords() throws {
        #expect(try RunRecordQuery.filter(["flowName": "orders"]).isEmpty)
        let id = "0af76519-16cd-43dd-8448-eb211c80319c"
        let filter = try RunRecordQuery.filter([
            "executionIds": [.string(id.uppercased()), "nonsense", "0af7651916cd-43dd-8448-eb211c80319c-"],
            "executionStatus": "InProgress", "startedFrom": 1_650_978_000, "startedBefore": "2022-04-26T13:00:01Z",
        ])
        #expect(filter.runIDs == [id] && filter.states == [.inProgress, .queued])
        #expect(filter.startedFrom == 1_650_978_000_000_000 && filter.startedBefore == 1_650_978_001_000_000)
        #expect(throws: APIError.self) { try RunRecordQuery.filter(["executionStatus": ["Error", "Nothing"]]) }
        #expect(throws: APIError.self) { try RunRecordQuery.filter(["startedFrom": true]) }
    }

    /// However often and in whatever order a list names something; a page's token is good for the same choice.
    @Test func listsOfFiltersAreSets() throws {
        func list(_ items: [JSONValue]) -> JSONValue { .array(items) }
        let ids = (0..<50).map { JSONValue.string("00000000-0000-4000-8000-0000000000\($0 + 10)") }
        let once = try RunRecordQuery.filter([
            "executionIds": list(ids), "executionStatus": ["Error", "Canceled", "InProgress"],
        ])
        let often = try RunRecordQuery.filter([
            "executionIds": list(ids.reversed() + ids),
            "executionStatus": list(
                Array(repeating: ["InProgress", "Canceled", "Error", "Error"], count: 25).flatMap { $0 }),
        ])
        #expect(once == often && once.runIDs?.count == 50 && once.states?.count == 4)
        for member in ["executionIds", "executionStatus"] {
            let error = #expect(throws: APIError.self) {
                try RunRecordQuery.filter([member: list(Array(repeating: "Error", count: 101))])
            }
            #expect(error?.message.contains("'\(member)'") == true && error?.message.contains("equal to 100") == true)
        }
    }
}
