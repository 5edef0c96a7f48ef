// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL
import TestSupport
import Testing

@testable import FlowStore

extension FlowStoreTests {
    /// The point of no return, and who comes before and after it.
    @Suite(.serialized) struct RunManifestTests {
        let store: Store

        init() throws { store = try Store() }

        /// Somebody waits for a lock in this module's database.
        private static let isBlocked = "datname = current_database() AND wait_event_type = 'Lock'"

        private func write(_ writes: RunWrite...) throws -> [RunWriteResult] { try store.runs.write(writes) }

        private var outbox: [String] {
            get throws { try store.connection.lines("SELECT id, topic, message_key, headers, value FROM outbox") }
        }

        /// What an attempt completed of it stays known; nothing but the manifest's own attempt can say so.
        @Test func aRequeueMayTellHowFarAManifestCame() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            _ = try write(Store.manifest(1001, 1))
            func requeue(_ attempt: Int64, _ manifest: String?) throws -> [RunWriteResult] {
                try write(
                    .requeue(
                        runID: Store.id(1001), attempt: attempt, delayMilliseconds: 0, failed: true, error: nil,
                        manifest: manifest))
            }
            #expect(try requeue(7, "late") == [.fenced])
            #expect(try requeue(1, "further") == [.done])
            #expect(try #require(try store.claim([1001]).first).manifest == "further")
            #expect(try requeue(2, nil) == [.done])
            #expect(try #require(try store.claim([1001]).first).manifest == "further")
        }

        @Test func aManifestOutlivesItsAttempt() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            #expect(try write(Store.manifest(1001, 1)) == [.done])
            try store.expire(1001)
            let second = try #require(try store.claimExpired().first)
            let text = try #require(second.manifest)
            #expect(try OutputManifest(decoding: text).files.map { $0.uploadID } == ["u"])
            #expect(try write(Store.manifest(1001, 2, uploads: ["other"])) == [.fenced], "it is never replaced")
            #expect(try store.claim([1001]).isEmpty)
        }

        /// Whether a commit happened before the connection broke is unknown: the same write again must come out the same.
        @Test func writesCanBeRepeated() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            for _ in 0..<2 { #expect(try write(Store.manifest(1001, 1)) == [.done]) }
            #expect(try write(Store.manifest(1001, 1, bytes: 2)) == [.fenced], "another manifest is no repetition")
            let first = try write(Store.end(1001, 1))
            #expect(first != [.fenced])
            #expect(try write(Store.end(1001, 1)) == [.fenced])
            #expect(try store.connection.count("run_history") == 1)
            #expect(try outbox.count == 1)
        }

        @Test func aCancelBeforeTheManifestRefusesIt() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            try store.apply([Store.command(2, "CancelFlowExecutions", "flow-1")])
            #expect(try write(Store.manifest(1001, 1)) == [.cancelled])
            #expect(try store.state(1001) == "CancelStarted|1|0|f")
        }

        /// Both at once: the manifest waits for the row and is told what came in between.
        @Test func aCancelUnderwayRefusesTheManifest() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            let other = try testDatabase.connect()
            defer { other.close() }
            let answer = Answer<[RunWriteResult]>()
            try store.connection.transaction { connection in
                _ = try connection.execute(
                    SQLStatement("cancel", "UPDATE live_runs SET state = 'CancelStarted'"), [])
                answer.start { try RunStore(other).write([Store.manifest(1001, 1)]) }
                try waitUntil { try connection.count("pg_stat_activity", where: Self.isBlocked) == 1 }
            }
            #expect(try answer.get() == [.cancelled])
            #expect(try store.state(1001) == "CancelStarted|1|0|f")
        }

        @Test func aTakeoverUnderwayFencesTheManifest() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            let other = try testDatabase.connect()
            defer { other.close() }
            let answer = Answer<[RunWriteResult]>()
            try store.connection.transaction { connection in
                _ = try connection.execute(SQLStatement("take over", "UPDATE live_runs SET attempt = attempt + 1"), [])
                answer.start { try RunStore(other).write([Store.manifest(1001, 1)]) }
                try waitUntil { try connection.count("pg_stat_activity", where: Self.isBlocked) == 1 }
            }
            #expect(try answer.get() == [.fenced])
        }

        @Test func aManifestUnderwayRefusesTheCancel() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            let other = try testDatabase.connect()
            defer { other.close() }
            let answer = Answer<Bool>()
            let cancel = [Store.command(2, "CancelFlowExecutions", "flow-1")]
            let (loaded, now) = try CommandStore(other).load(for: cancel)
            var workspace = loaded
            _ = CommandApplication(now: now).apply(cancel[0], to: &workspace)
            let steps = CommandStore.steps(for: workspace, now: now)
            try store.connection.transaction { connection in
                _ = try store.runs.write([Store.manifest(1001, 1)])
                answer.start {
                    let error = postgresError { _ = try other.pipeline(steps, transaction: true) }
                    return error?.sqlState == StoreGuard.sqlState
                }
                try waitUntil { try connection.count("pg_stat_activity", where: Self.isBlocked) == 1 }
            }
            #expect(try answer.get())
            #expect(try store.state(1001) == "InProgress|1|0|t")
        }

        @Test func aBatchAnswersInTheOrderOfItsWrites() throws {
            try store.startRuns(1...5)
            _ = try store.claim([1001, 1002, 1003, 1004, 1005])
            try store.apply([Store.command(9, "CancelFlowExecutions", "flow-3")])
            let results = try write(
                Store.end(1001, 1), Store.upload(1002, 1, "u"), Store.manifest(1003, 1), Store.end(1004, 7),
                Store.manifest(1002, 1), Store.requeue(1005, 1), Store.requeue(1001, 9))
            #expect(results.count == 7)
            guard case .ended = results[0] else {
                Issue.record("\(results)")
                return
            }
            #expect(Array(results[1...]) == [.done, .cancelled, .fenced, .done, .done, .fenced])
        }

        @Test func anEmptyBatchWritesNothing() throws { #expect(try store.runs.write([]) == []) }
    }
}
