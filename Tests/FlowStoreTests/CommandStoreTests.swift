// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import FlowStore

extension FlowStoreTests {
    @Suite(.serialized) struct CommandStoreTests {
        let store: Store

        init() throws { store = try Store() }

        private var orders: FlowKey { FlowKey(account: Store.account, name: "orders") }

        // MARK: Loading

        @Test func loadsWhatTheCommandsNeed() throws {
            try store.apply([Store.command(1, "CreateFlow", token: "t"), Store.command(2, "CreateFlow", "others")])
            try store.apply([Store.command(3, "StartFlow")])
            let (workspace, now) = try store.commands.load(
                for: [
                    Store.command(4, "UpdateFlow"), Store.command(5, "StartFlow", "others"),
                    Store.command(6, "StartFlow", "nothing"), Store.command(7, "CreateFlow", token: "t"),
                ])
            let flow = try #require(workspace.flow(orders))
            #expect(flow.uuid == Store.id(1) && flow.version == 1 && flow.createdBy == "arn:me")
            let definition = try #require(flow.definition)
            #expect(try JSONValue.parse(Array(definition.utf8)) == .object(Store.input("orders")))
            #expect(workspace.flow(FlowKey(account: Store.account, name: "others"))?.definition == nil)
            #expect(workspace.flow(FlowKey(account: Store.account, name: "nothing")) == nil)
            let run = try #require(workspace.runs(ofFlow: Store.id(1)).first)
            #expect(
                run
                    == LiveRun(
                        runID: Store.id(3), flowUUID: Store.id(1), state: .queued, attempt: 0, queuedAt: run.queuedAt))
            #expect(run.queuedAt >= flow.createdAt && run.queuedAt <= now)
            let token = TokenKey(account: Store.account, operation: "CreateFlow", scope: "", token: "t")
            #expect(workspace.storedOutcome(token)?.digest == "d")
            let later = try #require(
                Int64(
                    try store.connection.value(
                        "SELECT millrace_microseconds(clock_timestamp())") ?? ""))
            #expect(now > 1_600_000_000_000_000 && now <= later)
        }

        /// Only of accounts that are to get more, and no further than the quota can tell.
        @Test func flowsAreCountedForAQuota() throws {
            func command(_ number: Int, _ operation: String, _ account: String) -> Command {
                Command(
                    id: Store.id(number), operation: operation, account: account, region: "r", principal: "p",
                    flowName: "f\(number)", token: nil, digest: "", replyTo: nil, expiresAt: .max,
                    input: Store.input("f\(number)"))
            }
            try store.apply((1...9).map { command($0, "CreateFlow", $0 > 7 ? "two" : "one") })
            let batch = [
                command(21, "CreateFlow", "one"), command(22, "CreateFlow", "one"), command(23, "CreateFlow", "none"),
                command(24, "DeleteFlow", "two"),
            ]
            func counts(_ quota: Int?) throws -> [Int] {
                let (workspace, _) = try store.commands.load(for: batch, quotas: Quotas(flows: quota))
                return ["one", "none", "two"].map { workspace.flowCount(ofAccount: $0) }
            }
            #expect(try counts(100) == [7, 0, 0])
            #expect(try counts(2) == [6, 0, 0], "the quota and one for each command, which may delete a flow")
            #expect(try counts(nil) == [0, 0, 0])
            let (other, _) = try store.commands.load(
                for: [command(25, "UpdateFlow", "one")], quotas: Quotas(flows: 100))
            #expect(other.flowCount(ofAccount: "one") == 0)
        }

        @Test func aRunWithAManifestIsKnown() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            _ = try store.runs.write([Store.manifest(1001, 1)])
            let (workspace, _) = try store.commands.load(for: [Store.command(5, "CancelFlowExecutions", "flow-1")])
            let run = try #require(workspace.runs(ofFlow: Store.id(1)).first)
            #expect(run.hasManifest && run.state == .inProgress && run.attempt == 1)
        }

        @Test func anEmptyBatchLoadsNothing() throws {
            let (workspace, now) = try store.commands.load(for: [])
            #expect(now > 0)
            #expect(CommandStore.steps(for: workspace, now: now).isEmpty)
        }

        @Test func lockedRowsAreTheLoaders() throws {
            try store.apply([Store.command(1, "CreateFlow")])
            let other = try testDatabase.connect { $0.lockTimeoutMilliseconds = 100 }
            defer { other.close() }
            try store.connection.transaction { _ in
                _ = try store.commands.load(for: [Store.command(2, "UpdateFlow")], locking: true)
                let error = postgresError {
                    try other.transaction { connection in
                        _ = try CommandStore(connection).load(for: [Store.command(3, "DeleteFlow")], locking: true)
                    }
                }
                #expect(error.map(StoreGuard.lostRace) == true)
            }
        }

        // MARK: Writing

        @Test func flowsAreWrittenWhole() throws {
            var input = Store.input("orders", description: "all of \u{1F600} \"them\"")
            input["tags"] = ["team": "sales"]
            try store.apply([Store.command(1, "CreateFlow", input: input)])
            let flow = try #require(try FlowReader(store.connection).describe(orders)).flow
            #expect(flow.description == "all of \u{1F600} \"them\"" && flow.tags == #"{"team":"sales"}"#)
            #expect((flow.revision, flow.version, flow.schemaVersion) == (1, 1, 1))
            #expect(flow.createdAt == flow.updatedAt)
            #expect(try store.connection.count("flow_activity") == 1)
            let update = Store.input("orders", description: "new", mapped: "price")
            try store.apply([Store.command(2, "UpdateFlow", input: update)])
            let updated = try #require(try FlowReader(store.connection).describe(orders)).flow
            #expect((updated.revision, updated.version, updated.schemaVersion) == (2, 2, 2))
            #expect(updated.description == "new" && updated.updatedAt > updated.createdAt)
            #expect(updated.createdAt == flow.createdAt && updated.tags == flow.tags)
            #expect(
                try store.connection.lines("SELECT revision, schema_version FROM flow_definitions ORDER BY 1")
                    == ["1|1", "2|2"])
            try store.apply([Store.command(3, "DeleteFlow")])
            for table in ["flows", "flow_definitions", "flow_activity"] {
                #expect(try store.connection.count(table) == 0)
            }
        }

        @Test func aWaitingRunThatIsCancelledIsHistory() throws {
            try store.startRuns(1...1)
            try store.apply([Store.command(2, "CancelFlowExecutions", "flow-1")])
            #expect(try store.connection.count("live_runs") == 0)
            #expect(
                try store.connection.lines(
                    "SELECT run_id, state, attempt, started_at, message, revision FROM run_history")
                    == ["\(Store.id(1001))|Canceled|0|-|\(CanceledRun.message)|1"])
        }

        /// What one batch does to one flow, in an order that would trip naive statements.
        @Test func sequencesWithinABatch() throws {
            try store.startRuns(1...1)
            let name = "flow-1"
            let outcomes = try store.apply([
                Store.command(10, "CancelFlowExecutions", name), Store.command(11, "StartFlow", name),
                Store.command(12, "CancelFlowExecutions", name),
                Store.command(13, "UpdateFlow", name, input: Store.input(name, description: "second")),
                Store.command(14, "StartFlow", name),
                Store.command(15, "UpdateFlow", name, input: Store.input(name, description: "third")),
                Store.command(16, "CreateFlow", "new"), Store.command(17, "StartFlow", "new"),
                Store.command(18, "UpdateFlow", "new", input: Store.input("new", description: "newer")),
                Store.command(19, "CreateFlow", "brief"), Store.command(20, "StartFlow", "brief"),
                Store.command(21, "DeleteFlow", "brief"),
            ])
            #expect(outcomes.allSatisfy { $0?.isSuccess == true })
            let live = try store.connection.lines("SELECT run_id, revision, state FROM live_runs ORDER BY 1")
            #expect(live == ["\(Store.id(14))|2|Queued", "\(Store.id(17))|1|Queued"])
            let ended = try store.connection.lines("SELECT run_id FROM run_history ORDER BY queued_at, run_id")
            #expect(ended == [Store.id(1001), Store.id(11), Store.id(20)])
            let claimed = try store.claim([14, 17])
            let texts = Dictionary(uniqueKeysWithValues: claimed.map { ($0.runID, $0.definition ?? "none") })
            #expect(texts[Store.id(14)]?.contains("second") == true, "the definition the run was started with")
            #expect(texts[Store.id(17)]?.contains("plain") == true)
            #expect(try store.connection.count("flow_definitions") == 5)
        }

        @Test func deletedAndCreatedAgainIsAnotherFlow() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            try store.apply([
                Store.command(2, "DeleteFlow", "flow-1"), Store.command(3, "CreateFlow", "flow-1"),
                Store.command(4, "StartFlow", "flow-1"),
            ])
            let live = try store.connection.lines("SELECT run_id, flow_uuid, state FROM live_runs ORDER BY run_id")
            #expect(
                live == [
                    "\(Store.id(4))|\(Store.id(3))|Queued", "\(Store.id(1001))|\(Store.id(1))|CancelStarted",
                ])
        }

        // MARK: Guards

        private func expectLost(
            _ batch: [Command], sqlState: String = StoreGuard.sqlState, meanwhile: () throws -> Void
        ) throws {
            var before: [String] = []
            let error = postgresError {
                try store.apply(batch) {
                    try meanwhile()
                    before = try dump()
                }
            }
            #expect(error?.sqlState == sqlState)
            #expect(error.map(StoreGuard.lostRace) == true)
            #expect(try dump() == before, "nothing is written")
        }

        private func dump() throws -> [String] {
            try Store.tables.split(separator: ", ").flatMap { table in
                try store.connection.lines("SELECT '\(table)', t::text FROM \(table) t ORDER BY 2")
            }
        }

        @Test(arguments: ["UpdateFlow", "DeleteFlow"])
        func aStaleVersionIsRefused(_ operation: String) throws {
            try store.apply([Store.command(1, "CreateFlow")])
            let batch = [
                Store.command(2, "CreateFlow", "others", token: "t"), Store.command(3, operation, token: "u"),
            ]
            try expectLost(batch) { try store.connection.script("UPDATE flows SET version = version + 1") }
        }

        @Test(arguments: ["UpdateFlow", "DeleteFlow"])
        func aFlowThatIsGoneIsRefused(_ operation: String) throws {
            try store.apply([Store.command(1, "CreateFlow")])
            try expectLost([Store.command(3, operation)]) { try store.connection.script("DELETE FROM flows") }
        }

        @Test func aNameTakenMeanwhileIsRefused() throws {
            try expectLost([Store.command(2, "CreateFlow", token: "t")], sqlState: "23505") {
                let other = try testDatabase.connect()
                defer { other.close() }
                let (loaded, now) = try CommandStore(other).load(for: [])
                var workspace = loaded
                _ = CommandApplication(now: now).apply(Store.command(1, "CreateFlow"), to: &workspace)
                _ = try other.pipeline(CommandStore.steps(for: workspace, now: now), transaction: true)
            }
        }

        @Test func aRunStartedMeanwhileIsRefused() throws {
            try store.apply([Store.command(1, "CreateFlow")])
            let (stale, now) = try store.commands.load(for: [Store.command(2, "StartFlow")])
            try store.apply([Store.command(3, "StartFlow")])
            var workspace = stale
            _ = CommandApplication(now: now).apply(Store.command(2, "StartFlow"), to: &workspace)
            let error = postgresError {
                _ = try store.connection.pipeline(CommandStore.steps(for: workspace, now: now), transaction: true)
            }
            #expect(error?.kind == .unique("live_runs_flow"))
            #expect(try store.connection.lines("SELECT run_id FROM live_runs") == [Store.id(3)])
        }

        @Test func aRunClaimedMeanwhileIsNotEnded() throws {
            try store.startRuns(1...1)
            try expectLost([Store.command(2, "CancelFlowExecutions", "flow-1")]) { _ = try store.claim([1001]) }
        }

        @Test func aRunEndedMeanwhileIsNotStopped() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            try expectLost([Store.command(2, "CancelFlowExecutions", "flow-1")]) {
                _ = try store.runs.write([Store.end(1001, 1)])
            }
        }

        @Test func aManifestStoredMeanwhileWins() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            let cancel = [Store.command(2, "CancelFlowExecutions", "flow-1")]
            try expectLost(cancel) { _ = try store.runs.write([Store.manifest(1001, 1)]) }
            #expect(try store.apply(cancel) == [Outcome(commandID: Store.id(2), result: .success([:]))])
            #expect(try store.state(1001) == "InProgress|1|0|t", "a cancel comes too late")
        }

        @Test func aRunGivenBackWithItsManifestIsNotCancelled() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            _ = try store.runs.write([Store.manifest(1001, 1)])
            _ = try store.runs.write([Store.requeue(1001, 1)])
            try store.apply([Store.command(2, "CancelFlowExecutions", "flow-1")])
            try store.apply([Store.command(3, "DeleteFlow", "flow-1")])
            #expect(try store.state(1001) == "Queued|1|1|t")
            let claimed = try #require(try store.claim([1001]).first)
            #expect(claimed.manifest != nil && claimed.definition == nil)
        }

        @Test func aTokenUsedMeanwhileIsSeen() throws {
            let first = Store.command(1, "CreateFlow", "one", token: "t", digest: "1")
            let second = Store.command(2, "CreateFlow", "two", token: "t", digest: "2")
            try expectLost([second]) {
                let other = try testDatabase.connect()
                defer { other.close() }
                let (loaded, now) = try CommandStore(other).load(for: [first])
                var workspace = loaded
                _ = CommandApplication(now: now).apply(first, to: &workspace)
                _ = try other.pipeline(CommandStore.steps(for: workspace, now: now), transaction: true)
            }
            let outcome = try store.apply([second])[0]
            #expect(outcome?.isSuccess == false)
            #expect(try store.connection.lines("SELECT name FROM flows") == ["one"])
        }

        @Test func tokensHoldForEightHours() throws {
            try store.apply([Store.command(1, "CreateFlow", token: "t")])
            #expect(
                try store.connection.value(
                    "SELECT expires_at - (SELECT created_at FROM flows) = interval '8 hours' FROM command_outcomes")
                    == "t")
            try store.connection.script("UPDATE command_outcomes SET expires_at = clock_timestamp()")
            let again = Store.command(2, "CreateFlow", "others", token: "t", digest: "e")
            #expect(try store.apply([again])[0]?.isSuccess == true)
            #expect(
                try store.connection.lines("SELECT digest FROM command_outcomes WHERE expires_at > clock_timestamp()")
                    == ["e"])
        }

        @Test func textThatPostgreSQLCannotHoldIsAPermanentError() throws {
            let error = postgresError { try store.apply([Store.command(1, "CreateFlow", "or\u{0}ders")]) }
            #expect(error?.kind == .permanent)
            #expect(!store.connection.isBroken)
            #expect(try store.connection.count("flows") == 0)
        }

        // MARK: Offsets

        @Test func offsetsMoveWithTheirEffects() throws {
            let partitions: [(topic: String, partition: Int32, low: Int64)] = [("b", 1, 7), ("a", 0, 3)]
            let connection = store.connection
            #expect(try OffsetStore.load(connection, epoch: "e", partitions: partitions) == [7, 3])
            let moves = [
                OffsetStore.Move(topic: "b", partition: 1, from: 7, to: 9),
                OffsetStore.Move(topic: "a", partition: 0, from: 3, to: 4),
            ]
            _ = try connection.pipeline([OffsetStore.moveStep(epoch: "e", moves: moves)], transaction: true)
            #expect(
                try OffsetStore.load(connection, epoch: "e", partitions: partitions) == [9, 4], "lows no longer count")
            #expect(try OffsetStore.load(connection, epoch: "other", partitions: partitions) == [7, 3])
            #expect(try OffsetStore.load(connection, epoch: "e", partitions: []) == [])
        }

        @Test func aWrongOffsetWritesNothing() throws {
            let connection = store.connection
            _ = try OffsetStore.load(connection, epoch: "e", partitions: [("a", 0, 3), ("a", 1, 5)])
            let (loaded, now) = try store.commands.load(for: [Store.command(1, "CreateFlow", token: "t")])
            var workspace = loaded
            _ = CommandApplication(now: now).apply(Store.command(1, "CreateFlow", token: "t"), to: &workspace)
            let before = try dump()
            for moves in [
                [("a", 0, 3), ("a", 1, 4)], [("a", 0, 2), ("a", 1, 5)], [("a", 2, 0)], [("x", 0, 3)],
            ] as [[(String, Int32, Int64)]] {
                let step = OffsetStore.moveStep(
                    epoch: "e",
                    moves: moves.map { OffsetStore.Move(topic: $0.0, partition: $0.1, from: $0.2, to: $0.2 + 1) })
                let error = postgresError {
                    _ = try connection.pipeline(
                        [step] + CommandStore.steps(for: workspace, now: now), transaction: true)
                }
                #expect(error?.sqlState == StoreGuard.sqlState && error?.stepIndex == 0)
                #expect(try dump() == before)
            }
        }
    }
}
