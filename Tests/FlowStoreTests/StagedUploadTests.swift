// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import PostgreSQL
import Testing

@testable import FlowStore

extension FlowStoreTests {
    /// Uploads that are recorded until they are complete or swept.
    @Suite(.serialized) struct StagedUploadTests {
        let store: Store

        init() throws { store = try Store() }

        private func write(_ writes: RunWrite...) throws -> [RunWriteResult] { try store.runs.write(writes) }

        private func orphans(age: Int64 = 0) throws -> Set<String> {
            Set(try store.runs.orphanUploads(olderThanMilliseconds: age, limit: 100).map { $0.uploadID })
        }

        @Test func uploadsOfLiveAttemptsAreSpared() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            #expect(try write(Store.upload(1001, 1, "first"), Store.upload(1001, 1, "first")) == [.done, .done])
            #expect(try orphans().isEmpty)
            try store.expire(1001)
            _ = try store.claimExpired()
            _ = try write(Store.upload(1001, 2, "second"))
            #expect(try orphans() == ["first"])
            #expect(try orphans(age: 3_600_000).isEmpty, "young ones may still be written to")
            try store.runs.forgetUploads([(bucket: "out", key: "key", uploadID: "first")])
            #expect(try orphans().isEmpty)
            #expect(try store.connection.count("staged_uploads") == 1)
        }

        /// What a destination that failed has left is the sweeper's, what the others have is complete.
        @Test func uploadsOfTheDestinationThatFailedAreLeft() throws {
            let input = Store.severalInput("flow-1")
            try store.apply([Store.command(1, "CreateFlow", "flow-1", input: input)])
            try store.apply([Store.command(1001, "StartFlow", "flow-1")])
            _ = try store.claim([1001])
            var manifest = OutputManifest(
                files: [("a", 0), ("b", 1), ("c", 0)].map {
                    .init(bucket: "out", key: "key", uploadID: $0.0, parts: [], destination: $0.1)
                }, destinations: try FlowDefinition(input: input).destinations.map { .init($0) },
                figures: RunFigures(), message: "done")
            _ = try write(
                Store.upload(1001, 1, "a"), Store.upload(1001, 1, "b"), Store.upload(1001, 1, "c"),
                Store.upload(1001, 1, "d"),
                .manifest(runID: Store.id(1001), attempt: 1, manifest: manifest.encoded(), figures: RunFigures()))
            #expect(try orphans().isEmpty)
            manifest.fail(destination: 1, "the \"bucket\" \u{0} is gone")
            let result = try write(
                .end(
                    runID: Store.id(1001), attempt: 1, state: .error, endedAt: 1_700_000_000_000_000,
                    figures: RunFigures(), message: "", destinations: DestinationResult.encoded(manifest.destinations),
                    eventHeaders: "{}", eventValue: "{}"))
            guard case .ended? = result.first else {
                Issue.record("\(result)")
                return
            }
            #expect(try orphans() == ["b", "d"])
        }

        @Test func uploadsOfAManifestAreSpared() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            _ = try write(Store.upload(1001, 1, "u"), Store.manifest(1001, 1))
            try store.expire(1001)
            _ = try store.claimExpired()
            #expect(try orphans().isEmpty)
            _ = try write(Store.requeue(1001, 2))
            #expect(try orphans().isEmpty)
        }

        @Test func asRunsEndTheirUploadsAreSettled() throws {
            try store.startRuns(1...2)
            _ = try store.claim([1001, 1002])
            _ = try write(Store.upload(1001, 1, "dead"), Store.upload(1002, 1, "failed"))
            try store.expire(1001)
            _ = try store.claimExpired()
            _ = try write(Store.upload(1001, 2, "u"), Store.manifest(1001, 2, uploads: ["u"]))
            _ = try write(Store.end(1001, 2), Store.end(1002, 1, .error))
            #expect(try orphans() == ["dead", "failed"], "what the manifest completed is forgotten, the rest is swept")
            #expect(try store.connection.count("staged_uploads") == 2)
        }
    }
}
