// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import JSON
import Testing

@Suite struct DestinationResultTests {
    private static func definition(_ places: [String]) throws -> FlowDefinition {
        var input = Fixtures.input("orders")
        input["destinationFlowConfigList"] = .array(
            places.map { place in
                let parts = place.split(separator: "/", maxSplits: 1).map { JSONValue.string(String($0)) }
                var properties: JSONObject = ["bucketName": parts[0]]
                if parts.count > 1 { properties["bucketPrefix"] = parts[1] }
                return ["connectorType": "S3", "destinationConnectorProperties": ["S3": .object(properties)]]
            })
        return try FlowDefinition(input: input)
    }

    private static func file(_ name: String, _ destination: Int, bytes: Int64) -> OutputManifest.File {
        .init(
            bucket: "b\(destination)", key: name, uploadID: "u-\(name)", parts: [.init(number: 1, etag: "e")],
            destination: destination, bytes: bytes)
    }

    /// Two destinations of two files each.
    private func manifest() throws -> OutputManifest {
        OutputManifest(
            files: [
                Self.file("a1", 0, bytes: 10), Self.file("a2", 0, bytes: 5),
                Self.file("b1", 1, bytes: 7), Self.file("b2", 1, bytes: 1),
            ],
            destinations: try Self.definition(["b0", "b1/x/"]).destinations.map { .init($0, records: 3) },
            figures: RunFigures(records: 4, bytesRead: 50, bytesWritten: 23), message: "done")
    }

    private func passed(_ manifest: OutputManifest) throws -> OutputManifest {
        try OutputManifest(decoding: manifest.encoded())
    }

    @Test func manifestsOfSeveralDestinationsSurvive() throws {
        var manifest = try manifest()
        #expect(try passed(manifest) == manifest)
        #expect(manifest.destinations.map(\.place) == ["s3://b0", "s3://b1/x"])
        manifest.setComplete(0)
        manifest.fail(destination: 1, "no \"such\" bucket")
        #expect(try passed(manifest) == manifest)
        let read = try passed(manifest)
        #expect((0..<4).map { read.awaitsCompletion($0) } == [false, true, false, false])
    }

    /// A manifest from before there were several destinations, and of a flow with one.
    @Test func manifestsOfOneDestinationAreAsTheyWere() throws {
        let text =
            #"{"files":[{"bucket":"b","key":"k","upload":"u","parts":[[1,"e"]]}],"#
            + #""records":1,"bytesRead":2,"bytesWritten":3,"message":"m"}"#
        var old = try OutputManifest(decoding: text)
        #expect(old.destinations.isEmpty && old.awaitsCompletion(0))
        #expect(old.end == (.successful, RunFigures(records: 1, bytesRead: 2, bytesWritten: 3), "m"))
        old.setComplete(0)
        #expect(old.encoded() == text, "nothing is kept of how far it came")
        let one = OutputManifest(files: [Self.file("k", 0, bytes: 9)], figures: RunFigures(), message: "m")
        #expect(!one.encoded().contains("destination") && !one.encoded().contains("\"bytes\""))
    }

    @Test(arguments: ["1", "-1", "9"])
    func aFileOfNoDestinationIsRefused(_ place: String) {
        let text =
            #"{"files":[{"bucket":"b","key":"k","upload":"u","parts":[],"destination":\#(place)}],"#
            + #""records":1,"bytesRead":2,"bytesWritten":3,"message":"m"}"#
        #expect(throws: MessageError("a file of the manifest has a destination that is not in it")) {
            try OutputManifest(decoding: text)
        }
    }

    @Test func aRunEndsAsItsDestinationsDo() throws {
        var whole = try manifest()
        for place in 0..<4 { whole.setComplete(place) }
        #expect(whole.end == (.successful, RunFigures(records: 4, bytesRead: 50, bytesWritten: 23), "done"))
        #expect(whole.destinations.map(\.bytesWritten) == [15, 8] && whole.destinations.map(\.records) == [3, 3])

        var half = try manifest()
        for place in [0, 1, 2] { half.setComplete(place) }
        half.fail(destination: 1, "gone")
        #expect(
            half.end == (
                .error, RunFigures(records: 4, bytesRead: 50, bytesWritten: 22),
                "Destination 2 of 2 (s3://b1/x) failed: gone"
            ))
        #expect(half.destinations.map(\.failure) == [nil, "gone"])
        #expect(half.destinations[1].putFailures == 1 && half.destinations[1].records == 0)
        #expect(half.destinations[1].bytesWritten == 7, "what is visible is told of")

        var none = try manifest()
        none.fail(destination: 1, "gone")
        none.fail(destination: 0, "away")
        #expect(
            none.end == (
                .error, RunFigures(),
                "Destination 1 of 2 (s3://b0) failed: away Destination 2 of 2 (s3://b1/x) failed: gone"
            ))
        #expect(none.destinations.map(\.putFailures) == [2, 2])
    }

    @Test func resultsSurvive() throws {
        var half = try manifest()
        half.setComplete(0)
        half.fail(destination: 1, "gone")
        let text = try #require(DestinationResult.encoded(half.destinations))
        #expect(try DestinationResult.decoded(text) == half.destinations)
        #expect(DestinationResult.encoded([]) == nil)
        for bad in ["", "{}", "[1]", #"[{"connector":"S3"}]"#] {
            #expect(throws: MessageError.self) { try DestinationResult.decoded(bad) }
        }
    }

    /// PostgreSQL reads the manifest as JSON, and can make no text of U+0000.
    @Test func nothingIsStoredThatTheDatabaseCannotHold() throws {
        var result = DestinationResult(try Self.definition(["a/b\u{0}c"]).destinations[0])
        result.fail("x\u{0}y" + String(repeating: "z", count: 3_000), putFailures: 1)
        #expect(result.place == "s3://a/b?c")
        #expect(result.failure?.hasPrefix("x?yz") == true && result.failure?.utf8.count == 2_000)
    }

    @Test func oneReasonMayEndThemAll() throws {
        let several = try Self.definition(["a", "b"])
        #expect(DestinationResult.all(of: several, failing: "no source").map(\.failure) == ["no source", "no source"])
        #expect(DestinationResult.all(of: try Self.definition(["a"]), failing: "no source").isEmpty)
    }

    @Test func theLastAttemptHasAFinalWord() {
        let policy = AttemptPolicy(maximumFailures: 2)
        #expect(policy.finalMessage(failures: 1, reason: "down") == nil)
        #expect(policy.finalMessage(failures: 2, reason: "down") == "down (gave up after 2 attempts)")
    }
}
