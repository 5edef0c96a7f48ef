// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import RoleSupport
import TestSupport
import Testing

extension WorkerDatabaseTests {
    /// Runs that were claimed while runs were short, and wait behind one that is not.
    @Suite(.serialized) struct ReadAheadTests {
        /// A worker of one slot that has seen many short runs, is busy with run 1000, and has the runs 1001 to 1003 in
        /// hand.
        private func makeBusyWorker() throws -> WorkerUnderTest {
            let worker = try WorkerUnderTest(leaseMilliseconds: 8_000)
            worker.buckets.put("long/a.csv") { _, connection in
                connection.send(connection.head(200, [("Content-Length", String(FaultyBuckets.size))]))
                connection.stallUntilClientLeaves()
            }
            try worker.queue(1...150, prefix: "short")
            worker.start()
            try #require(eventually { try worker.connection.count("run_history") == 150 })
            try worker.queue(1000...1000, prefix: "long")
            try #require(eventually { worker.buckets.count("GET") { $0.path.hasSuffix("long/a.csv") } == 1 })
            try worker.queue(1001...1003, prefix: "short")
            try #require(eventually { try worker.connection.count("live_runs", where: "owner = 'me'") == 4 })
            return worker
        }

        @Test func whatWaitsForLongIsGivenBack() throws {
            let worker = try makeBusyWorker()
            // At the cost of no failure; and no longer claimed ahead, now that runs are not short any more.
            let isGivenBack = "state = 'Queued' AND owner IS NULL AND attempt > 0 AND failures = 0"
            #expect(try eventually { try worker.connection.count("live_runs", where: isGivenBack) == 3 })
            #expect(try worker.live(1000, "state, attempt") == "InProgress|1")
        }

        @Test func aCancelOfARunThatWaitsEndsIt() throws {
            let worker = try makeBusyWorker()
            try worker.cancel(1002)
            #expect(try eventually { try worker.end(1002) == "Canceled" })
            #expect(try worker.live(1000, "state, attempt") == "InProgress|1")
            #expect(try worker.live(1002, "1") == nil)
        }

        @Test func whatWaitsIsGivenBackAtTheEnd() throws {
            let worker = try makeBusyWorker()
            worker.shutdown()
            let connection = try testDatabase.connect()
            defer { connection.close() }
            #expect(
                try connection.lines("SELECT state, owner, failures FROM live_runs")
                    == Array(
                        repeating: "Queued|-|0", count: 4))
        }
    }
}
