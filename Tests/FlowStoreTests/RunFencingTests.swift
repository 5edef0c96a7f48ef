// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL
import Testing

@testable import FlowStore

extension FlowStoreTests {
    /// What an attempt may write, and what its failures come to.
    @Suite(.serialized) struct RunFencingTests {
        let store: Store

        init() throws { store = try Store() }

        private func write(_ writes: RunWrite...) throws -> [RunWriteResult] { try store.runs.write(writes) }

        private var outbox: [String] {
            get throws { try store.connection.lines("SELECT id, topic, message_key, headers, value FROM outbox") }
        }

        /// Every write, by an attempt that is and by one that is not the run's, in every state of the run.
        @Test(arguments: ["Queued", "InProgress", "CancelStarted", "ended"], [1, 2, 3] as [Int64])
        func onlyTheCurrentAttemptWrites(_ state: String, _ attempt: Int64) throws {
            func prepare() throws {
                try store.connection.script("TRUNCATE \(Store.tables)")
                try store.startRuns(1...1)
                _ = try store.claim([1001])
                try store.expire(1001)
                _ = try store.claimExpired()
                switch state {
                case "Queued": _ = try write(Store.requeue(1001, 2))
                case "CancelStarted": try store.apply([Store.command(2, "CancelFlowExecutions", "flow-1")])
                case "ended": _ = try write(Store.end(1001, 2))
                default: break
                }
            }
            let isOwner = attempt == 2
            try prepare()
            let before = try store.state(1001)
            let events = try outbox

            let manifest = try write(Store.manifest(1001, attempt))
            switch (state, isOwner) {
            case ("InProgress", true): #expect(manifest == [.done])
            case ("CancelStarted", true): #expect(manifest == [.cancelled])
            default: #expect(manifest == [.fenced])
            }
            if manifest != [.done] { #expect(try store.state(1001) == before) }

            try prepare()
            let requeue = try write(Store.requeue(1001, attempt))
            #expect(requeue == [state == "InProgress" && isOwner ? .done : .fenced])
            if requeue == [.fenced] { #expect(try store.state(1001) == before) }

            try prepare()
            let figures = RunFigures()
            let renewed = try store.runs.renew(
                [(runID: Store.id(1001), attempt: attempt, figures: figures)], leaseMilliseconds: 1)
            #expect(renewed.isEmpty == !(isOwner && (state == "InProgress" || state == "CancelStarted")))

            for end in [RunState.successful, .error, .canceled] {
                try prepare()
                let result = try write(Store.end(1001, attempt, end))
                if isOwner && (state == "InProgress" || state == "CancelStarted") {
                    guard case .ended(let id) = try #require(result.first) else {
                        Issue.record("\(result)")
                        continue
                    }
                    #expect(try outbox == ["\(id)|run-events|\(Store.id(1))|{}|event of 1001"])
                    #expect(try store.state(1001) == nil)
                    #expect(
                        try store.connection.lines(
                            "SELECT run_id, state, attempt, failures, records, bytes_read, bytes_written, message, "
                                + "millrace_microseconds(ended_at) FROM run_history")
                            == ["\(Store.id(1001))|\(end.rawValue)|2|1|3|2|1|ended|1700000000000000"])
                } else {
                    #expect(result == [.fenced])
                    #expect(try store.state(1001) == before)
                    #expect(try outbox.count == events.count)
                    #expect(try store.connection.count("run_history") == (state == "ended" ? 1 : 0))
                }
            }
        }

        /// Waiting could be a deadlock: the ledger holds rows in an order of its own.
        @Test func renewingPassesOverWhatIsBeingWritten() throws {
            try store.startRuns(1...3)
            _ = try store.claim([1001, 1002, 1003])
            let ledger = try testDatabase.connect()
            defer { ledger.close() }
            try ledger.transaction { ledger in
                try ledger.script("UPDATE live_runs SET manifest = '{}' WHERE run_id = '\(Store.id(1002))'")
                let runs = (1001...1003).map { (runID: Store.id($0), attempt: Int64(1), figures: RunFigures()) }
                let owned = try store.runs.renew(runs, leaseMilliseconds: 60_000)
                #expect(
                    owned.mapValues { $0.renewed } == [
                        Store.id(1001): true, Store.id(1002): false, Store.id(1003): true,
                    ])
                #expect(owned[Store.id(1002)]?.state == .inProgress)
            }
        }

        @Test func anAttemptIsOverOnceNobodyCanWantItsUploads() throws {
            try store.startRuns(1...3)
            _ = try store.claim([1001, 1002, 1003])
            _ = try write(Store.manifest(1002, 1), Store.end(1003, 1))
            let asked: [(runID: String, attempt: Int64)] = [
                (Store.id(1001), 1), (Store.id(1001), 2), (Store.id(1002), 7), (Store.id(1003), 1), (Store.id(99), 1),
            ]
            #expect(try store.runs.attemptsOver(asked) == [false, true, false, true, true])
        }

        @Test func failuresCountAndHandBacksDoNot() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            _ = try write(Store.requeue(1001, 1, failed: true))
            #expect(try store.state(1001) == "Queued|1|1|f")
            let second = try #require(try store.claim([1001]).first)
            #expect(second.lastError == "it broke" && second.failures == 1)
            _ = try write(Store.requeue(1001, 2, failed: false))
            let third = try #require(try store.claim([1001]).first)
            #expect((third.attempt, third.failures) == (3, 1))
            #expect(third.lastError == "it broke")
        }

        /// A worker from before there were several destinations.
        @Test func runsOfSeveralDestinationsAreLeftByOlderWorkers() throws {
            try store.apply([
                Store.command(1, "CreateFlow", "flow-1", input: Store.severalInput("flow-1")),
                Store.command(2, "CreateFlow", "flow-2"),
            ])
            try store.apply([Store.command(1001, "StartFlow", "flow-1"), Store.command(1002, "StartFlow", "flow-2")])
            #expect(try store.claim([1001, 1002], capabilities: [RunCapability.base]).map(\.runID) == [Store.id(1002)])
            #expect(try store.claim([1001]).count == 1)
            // It follows the definition that a run is started with.
            try store.apply([
                Store.command(3, "UpdateFlow", "flow-2", input: Store.severalInput("flow-2")),
                Store.command(4, "CreateFlow", "flow-3"),
            ])
            try store.expire(1002)
            #expect(try store.claimExpired().map(\.runID) == [Store.id(1002)])
            _ = try write(Store.end(1002, 2))
            try store.apply([Store.command(1003, "StartFlow", "flow-2"), Store.command(1004, "StartFlow", "flow-3")])
            let older = try store.claim([1003, 1004], capabilities: [RunCapability.base])
            #expect(older.map(\.runID) == [Store.id(1004)])
        }
    }
}
