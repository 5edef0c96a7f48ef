// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import JSON
import Testing

/// What travels over Kafka and rests in rows: what is written can be read, by later versions too, and what cannot be read
/// says why.
@Suite struct MessageTests {
    static let command = Command(
        id: Fixtures.id(1), operation: "StartFlow", account: "1", region: "us-east-1", principal: "arn:p",
        flowName: "orders \u{1F600} \"x\"", token: "t", digest: "d", replyTo: "api-1", expiresAt: .max,
        input: ["flowName": "orders", "deep": ["list": [1, 2.50, nil, true]]])
    static let event = RunEvent(
        kind: .failed, account: "1", flowUUID: Fixtures.id(2), flowName: "orders", runID: Fixtures.id(3), attempt: 4,
        sequence: RunEvent.endSequence, queuedAt: 5, startedAt: 6, occurredAt: 7,
        figures: RunFigures(records: 8, bytesRead: 9, bytesWritten: .max), message: "no\nway")
    static let manifest = OutputManifest(
        files: [
            .init(
                bucket: "b", key: "a/b \"c\".json", uploadID: "u/1+=",
                parts: [.init(number: 1, etag: "\"e1\""), .init(number: 2, etag: "e2")]),
            .init(bucket: "b", key: "empty", uploadID: "u2", parts: []),
        ], figures: RunFigures(records: 1, bytesRead: 2, bytesWritten: 3), message: "done")

    // MARK: Round trips

    private func passed(_ value: JSONValue) throws -> JSONValue { try JSONValue.parse(value.serialized()) }

    @Test func commandsSurvive() throws {
        #expect(try Command(decoding: passed(Self.command.encoded())) == Self.command)
        #expect(Self.command.key == "1/flow/orders \u{1F600} \"x\"")
        let bare = Command(
            id: Fixtures.id(1), operation: "DeleteFlow", account: "1", region: "r", principal: "p", flowName: "f",
            token: nil, digest: "", replyTo: nil, expiresAt: 0, input: [:])
        #expect(try Command(decoding: passed(bare.encoded())) == bare)
    }

    @Test func commandsOnOtherResourcesSurvive() throws {
        for kind in [ARN.Kind.connectorProfile, .connector] {
            let command = Command(
                id: Fixtures.id(1), operation: "DeleteIt", account: "1", region: "r", principal: "p",
                resource: ResourceName(kind, "a/b"), token: "t", digest: "d", replyTo: nil, expiresAt: 0, input: [:])
            let encoded = try passed(command.encoded())
            #expect(encoded["flow"] == nil)
            #expect(try Command(decoding: encoded) == command)
            #expect(command.key == "1/\(kind.rawValue)/a/b" && command.flowName.isEmpty)
        }
    }

    /// As versions wrote it that knew flows alone.
    @Test func olderCommandsAreRead() throws {
        let text = """
            {"id":"\(Fixtures.id(1))","operation":"StartFlow","account":"1","region":"r","principal":"p","flow":"f",
            "expiresAt":5,"input":{}}
            """
        let command = try Command(decoding: JSONValue.parse(Array(text.utf8)))
        #expect(command.resource == ResourceName(.flow, "f"))
        let other = text.replacing("\"flow\":\"f\"", with: "\"kind\":\"planet\",\"name\":\"f\"")
        #expect(throws: MessageError.self) { try Command(decoding: JSONValue.parse(Array(other.utf8))) }
    }

    @Test func eventsSurvive() throws {
        for kind in RunEvent.Kind.allCases {
            let event = RunEvent(
                kind: kind, account: "1", flowUUID: Fixtures.id(2), flowName: "f", runID: Fixtures.id(3), attempt: 1,
                sequence: 2, queuedAt: 3, startedAt: kind == .cancelled ? nil : 4, occurredAt: 5,
                figures: RunFigures(), message: "")
            #expect(try RunEvent(decoding: passed(event.encoded())) == event)
        }
        #expect(try RunEvent(decoding: passed(Self.event.encoded())) == Self.event)
        #expect(Self.event.key == Fixtures.id(2))
        #expect(Self.event.eventID == "\(Fixtures.id(3))/4/\(Int64.max)")
    }

    @Test func offersSurvive() throws {
        let offer = RunOffer(runID: Fixtures.id(1))
        #expect(try RunOffer(decoding: passed(offer.encoded())) == offer)
    }

    @Test func outcomesSurvive() throws {
        let outcomes = [
            Outcome(commandID: "1", result: .success(["executionId": "x"])),
            Outcome(commandID: "2", result: .success([:])),
            Outcome(commandID: "3", error: .conflict("taken")),
        ]
        #expect(try Outcome.decodedBatch(passed(Outcome.encodedBatch(outcomes))) == outcomes)
        #expect(outcomes.map { $0.isSuccess } == [true, true, false])
        #expect(try Outcome.decodedBatch(passed(Outcome.encodedBatch([]))) == [])
    }

    @Test func manifestsSurvive() throws {
        #expect(try OutputManifest(decoding: Self.manifest.encoded()) == Self.manifest)
        #expect(
            Self.manifest.encoded()
                == #"{"files":[{"bucket":"b","key":"a/b \"c\".json","upload":"u/1+=","parts":[[1,"\"e1\""],[2,"e2"]]},"#
                + #"{"bucket":"b","key":"empty","upload":"u2","parts":[]}],"#
                + #""records":1,"bytesRead":2,"bytesWritten":3,"message":"done"}"#,
            "stored by one version, read by another; and an unchanged manifest is the same text")
    }

    // MARK: Members

    /// Each kind of message: a good one, its decoder, and its members that may be absent.
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let good: JSONValue
        var optional: Set<String> = []
        let decode: @Sendable (JSONValue) throws -> Void
        var testDescription: String { name }
    }

    static let samples: [Sample] = [
        Sample(name: "command", good: command.encoded(), optional: ["token", "digest", "replyTo"]) {
            _ = try Command(decoding: $0)
        },
        Sample(name: "event", good: event.encoded(), optional: ["startedAt"]) { _ = try RunEvent(decoding: $0) },
        Sample(name: "offer", good: RunOffer(runID: Fixtures.id(1)).encoded()) { _ = try RunOffer(decoding: $0) },
        Sample(name: "success", good: Outcome(commandID: "1", result: .success([:])).encoded()) {
            _ = try Outcome(decoding: $0)
        },
        Sample(name: "outcomes", good: Outcome.encodedBatch([])) { _ = try Outcome.decodedBatch($0) },
        Sample(name: "manifest", good: (try? JSONValue.parse(Array(manifest.encoded().utf8))) ?? .null) {
            _ = try OutputManifest(decoding: $0.serializedString())
        },
    ]

    private func problem(_ sample: Sample, _ value: JSONValue) -> String? {
        do {
            try sample.decode(value)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: samples)
    func membersThatAreMissingOrWrongAreNamed(_ sample: Sample) throws {
        let object = try #require(sample.good.objectValue)
        #expect(problem(sample, sample.good) == nil)
        for key in object.keys {
            var without = object
            without[key] = nil
            if sample.optional.contains(key) {
                #expect(problem(sample, .object(without)) == nil, "without \(key)")
            } else {
                #expect(problem(sample, .object(without))?.contains("member \(key) ") == true, "without \(key)")
            }
            var wrong = object
            wrong[key] = object[key]?.boolValue == nil ? true : "text"
            #expect(problem(sample, .object(wrong))?.contains("member \(key) ") == true, "wrong \(key)")
            var null = object
            null[key] = .null
            #expect((problem(sample, .object(null)) == nil) == sample.optional.contains(key), "null \(key)")
        }
    }

    @Test(arguments: samples)
    func unknownMembersAreIgnored(_ sample: Sample) throws {
        var object = try #require(sample.good.objectValue)
        object["fromTheFuture"] = ["anything": [1]]
        #expect(problem(sample, .object(object)) == nil)
    }

    @Test(arguments: samples)
    func onlyObjectsAreMessages(_ sample: Sample) {
        for value in [JSONValue.null, [], "text", 1, true] {
            #expect(problem(sample, value) == "the message is not a JSON object")
        }
    }

    @Test func errorsOfOutcomesNeedTheirParts() throws {
        let good = try #require(Outcome(commandID: "1", error: .notFound("x")).encoded().objectValue)
        for (error, text) in [
            (["message": "x"], "member code is not a string"), (["code": "X"], "member message is not a string"),
            ([], "the message is not a JSON object"), (nil, "the message is not a JSON object"),
        ] as [(JSONValue, String)] {
            var wrong = good
            wrong["error"] = error
            #expect(throws: MessageError(text)) { try Outcome(decoding: .object(wrong)) }
        }
        #expect(throws: MessageError("member command is not a string")) {
            try Outcome.decodedBatch(["outcomes": [["response": [:]]]])
        }
    }

    @Test(arguments: [
        "", "x", "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-8000-0000000000000",
        "0000000000000-4000-8000-000000000000", "00000000-0000-4000-8000-00000000000A",
        "00000000-0000-4000-8000-00000000000g", "00000000_0000-4000-8000-000000000000",
        "{0000000-0000-4000-8000-00000000000}", "00000000-0000-4000-8000-0000000000\u{fc}",
    ])
    func identifiersMustBeCanonical(_ text: String) throws {
        #expect(throws: MessageError("member run is not a lower-case UUID")) {
            try RunOffer(decoding: ["run": .string(text)])
        }
    }

    @Test func numbersMustBeIntegers() throws {
        var object = try #require(Self.event.encoded().objectValue)
        for number in [JSONValue.number(JSONNumber(text: "1.5")), .number(JSONNumber(text: "1e30"))] {
            object["attempt"] = number
            #expect(throws: MessageError("member attempt is not an integer")) {
                try RunEvent(decoding: .object(object))
            }
        }
    }

    @Test func aKindMustBeKnown() throws {
        var object = try #require(Self.event.encoded().objectValue)
        object["kind"] = "exploded"
        #expect(throws: MessageError("member kind names no event")) { try RunEvent(decoding: .object(object)) }
    }

    @Test(arguments: [
        ("", "the manifest is not JSON"), ("{", "the manifest is not JSON"),
        (#"{"files":[1]}"#, "the message is not a JSON object"),
        (#"{"files":[{"bucket":"b","key":"k","upload":"u"}]}"#, "member parts is not an array"),
        (#"{"files":[{"bucket":"b","key":"k","parts":[]}]}"#, "member upload is not a string"),
        (#"{"files":[{"bucket":"b","upload":"u","parts":[]}]}"#, "member key is not a string"),
        (#"{"files":[{"key":"k","upload":"u","parts":[]}]}"#, "member bucket is not a string"),
        (
            #"{"files":[{"bucket":"b","key":"k","upload":"u","parts":[[1]]}]}"#,
            "a part of the manifest is not a number and an ETag"
        ),
        (
            #"{"files":[{"bucket":"b","key":"k","upload":"u","parts":[["1","e"]]}]}"#,
            "a part of the manifest is not a number and an ETag"
        ),
    ])
    func manifestsThatCannotBeRead(_ text: String, _ problem: String) {
        #expect(throws: MessageError(problem)) { try OutputManifest(decoding: text) }
    }
}
