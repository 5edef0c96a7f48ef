// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import JSON
import Testing

@testable import Worker

@Suite struct OutputPublisherTests {
    private let store = MemoryObjectStore()

    /// S3 destinations of these buckets, JSON Lines; `formats` are put in where given.
    static func definition(_ buckets: [String], formats: [JSONObject] = []) throws -> FlowDefinition {
        let destinations = buckets.enumerated().map { index, bucket -> JSONValue in
            let format = index < formats.count ? formats[index] : [:]
            return [
                "connectorType": "S3",
                "destinationConnectorProperties": [
                    "S3": ["bucketName": .string(bucket), "s3OutputFormatConfig": .object(format)]
                ],
            ]
        }
        return try FlowDefinition(input: [
            "flowName": "orders", "triggerConfig": ["triggerType": "OnDemand"],
            "sourceFlowConfig": [
                "connectorType": "S3", "sourceConnectorProperties": ["S3": ["bucketName": "in", "bucketPrefix": ""]],
            ],
            "destinationFlowConfigList": .array(destinations),
            "tasks": [["taskType": "Map_all", "sourceFields": [], "connectorOperator": ["S3": "NO_OP"]]],
        ])
    }

    /// Two files of 10 bytes at each of the destinations, by names that begin with the bucket.
    private static func manifest(_ buckets: [String]) throws -> OutputManifest {
        OutputManifest(
            files: buckets.enumerated().flatMap { index, bucket in
                (1...2).map {
                    .init(
                        bucket: bucket, key: "\(bucket)-\($0)", uploadID: "u", parts: [], destination: index, bytes: 10)
                }
            },
            destinations: buckets.count > 1 ? try definition(buckets).destinations.map { .init($0, records: 5) } : [],
            figures: RunFigures(records: 6, bytesRead: 60, bytesWritten: Int64(20 * buckets.count)), message: "done")
    }

    private func complete(_ manifest: OutputManifest, failures: Int = 0) -> AttemptResult {
        OutputPublisher(
            store: store, handle: RunsInHandTests.handle("r", failures: failures),
            attempts: AttemptPolicy(maximumFailures: 3)
        ).complete(manifest)
    }

    @Test func allThatIsStagedIsCompleted() throws {
        let result = complete(try Self.manifest(["a", "b"]))
        #expect(store.calls == ["complete a-1", "complete a-2", "complete b-1", "complete b-2"])
        guard case .end(.successful, let figures, "done", let destinations) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(figures == RunFigures(records: 6, bytesRead: 60, bytesWritten: 40))
        #expect(destinations.map(\.bytesWritten) == [20, 20] && destinations.allSatisfy { $0.failure == nil })
    }

    @Test func oneDestinationIsAsItWas() throws {
        let one = try Self.manifest(["a"])
        #expect(complete(one) == .end(.successful, one.figures, message: "done"))
        store.faults = ["complete a-2": .unreachable]
        guard case .retry(_, nil) = complete(one) else {
            Issue.record("no retry")
            return
        }
        store.faults = ["complete a-1": .noSuchUpload]
        guard case .end(.error, RunFigures(), _, []) = complete(one) else {
            Issue.record("no end")
            return
        }
    }

    /// The first destination fails for good with its first file, the last with its second.
    @Test func aFailureForGoodIsItsDestinationsOwn() throws {
        store.faults = ["complete a-1": .accessDenied, "complete c-2": .noSuchUpload]
        let result = complete(try Self.manifest(["a", "b", "c"]))
        #expect(store.calls == ["complete b-1", "complete b-2", "complete c-1"])
        guard case .end(.error, let figures, let message, let destinations) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(figures == RunFigures(records: 6, bytesRead: 60, bytesWritten: 30))
        #expect(message.contains("Destination 1 of 3 (s3://a) failed: ") && message.contains("AccessDenied"))
        #expect(message.contains("Destination 3 of 3 (s3://c) failed: ") && !message.contains("Destination 2"))
        #expect(destinations.map(\.bytesWritten) == [0, 20, 10])
        #expect(destinations.map(\.putFailures) == [2, 0, 1])
        #expect(destinations.map(\.records) == [0, 5, 0])
    }

    /// What another attempt does once a server is back: only what is left.
    @Test func anotherAttemptGoesOnWithWhatIsLeft() throws {
        store.faults = ["complete a-2": .unreachable, "complete b-1": .accessDenied]
        guard case .retry(let reason, let reached?) = complete(try Self.manifest(["a", "b", "c"])) else {
            Issue.record("no retry")
            return
        }
        #expect(reason.contains("complete a-2"))
        #expect(store.calls == ["complete a-1", "complete c-1", "complete c-2"])
        store.faults = [:]
        let again = try OutputManifest(decoding: reached.encoded())
        guard case .end(.error, let figures, let message, let destinations) = complete(again) else {
            Issue.record("no end")
            return
        }
        #expect(store.calls == ["complete a-1", "complete c-1", "complete c-2", "complete a-2"])
        #expect(figures.bytesWritten == 40 && !message.contains("Destination 1"))
        #expect(destinations.map { $0.failure == nil } == [true, false, true])
        #expect(destinations.map(\.bytesWritten) == [20, 0, 20])
    }

    @Test func whatFailsInTheLastAttemptFailsForGood() throws {
        store.faults = ["complete a-2": .unreachable]
        let result = complete(try Self.manifest(["a", "b"]), failures: 2)
        guard case .end(.error, _, let message, let destinations) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(message.contains("(gave up after 3 attempts)"))
        #expect(destinations.map(\.bytesWritten) == [10, 20] && destinations[0].putFailures == 1)
    }

    @Test func aStaleLeaseEndsIt() throws {
        let handle = RunsInHandTests.handle("r", trustedFor: -1)
        let publisher = OutputPublisher(store: store, handle: handle, attempts: AttemptPolicy(maximumFailures: 3))
        #expect(publisher.complete(try Self.manifest(["a", "b"])) == .lost)
        #expect(store.calls.isEmpty)
    }
}
