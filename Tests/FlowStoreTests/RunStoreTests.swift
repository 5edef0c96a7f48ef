// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import PostgreSQL
import TestSupport
import Testing

@testable import FlowStore

extension FlowStoreTests {
    @Suite(.serialized) struct RunStoreTests {
        let store: Store

        init() throws { store = try Store() }

        /// Somebody waits for a lock in this module's database.
        private static let isBlocked = "datname = current_database() AND wait_event_type = 'Lock'"

        private func write(_ writes: RunWrite...) throws -> [RunWriteResult] { try store.runs.write(writes) }

        private var outbox: [String] {
            get throws { try store.connection.lines("SELECT id, topic, message_key, headers, value FROM outbox") }
        }

        // MARK: Claims

        @Test func aClaimCarriesWhatTheRunNeeds() throws {
            try store.startRuns(1...1)
            let claimed = try #require(try store.claim([1001]).first)
            #expect(claimed.runID == Store.id(1001) && claimed.flowUUID == Store.id(1))
            #expect(claimed.account == Store.account && claimed.flowName == "flow-1")
            #expect((claimed.revision, claimed.schemaVersion, claimed.attempt) == (1, 1, 1))
            #expect(claimed.state == .inProgress && claimed.failures == 0)
            #expect(claimed.manifest == nil && claimed.lastError == nil)
            #expect(claimed.definition?.contains("plain") == true)
            #expect(claimed.queuedAt <= claimed.startedAt && claimed.queuedAt > 0)
            #expect(
                try store.connection.lines(
                    "SELECT owner, lease_until > clock_timestamp() + interval '50 s' FROM live_runs")
                    == ["worker|t"])
            #expect(try store.claim([1001]).isEmpty, "somebody has it")
            #expect(try store.claimExpired().isEmpty)
        }

        @Test func theOldestComeFirst() throws {
            try store.startRuns(1...5)
            for run in 1...5 {
                try store.connection.script(
                    "UPDATE live_runs SET not_before = not_before - interval '\(run) minutes' "
                        + "WHERE run_id = '\(Store.id(1_000 + run))'")
            }
            let claimed = try store.runs.claim(
                [.oldest(limit: 2)], owner: "w", leaseMilliseconds: 1_000, capabilities: RunCapability.all
            )
            #expect(Set(claimed.map { $0.runID }) == [Store.id(1005), Store.id(1004)])
        }

        @Test func oneRoundTripTakesNothingTwice() throws {
            try store.startRuns(1...4)
            _ = try store.claim([1004])
            try store.expire(1004)
            let claimed = try store.runs.claim(
                [.offered([Store.id(1001), Store.id(1001), Store.id(9999)]), .oldest(limit: 9), .expired(limit: 9)],
                owner: "w", leaseMilliseconds: 60_000, capabilities: RunCapability.all)
            #expect(claimed.map { $0.runID }.sorted() == (1001...1004).map(Store.id))
            #expect(claimed.filter { $0.attempt == 2 }.map { $0.runID } == [Store.id(1004)])
        }

        @Test func runsThatNeedMoreAreLeftToOthers() throws {
            try store.startRuns(1...1)
            try store.connection.script("UPDATE live_runs SET capabilities = capabilities || '{parquet.1}'")
            let known = RunCapability.all
            #expect(try store.claim([1001], capabilities: known).isEmpty)
            #expect(try store.claim([1001], capabilities: []).isEmpty)
            #expect(
                try store.runs.claim([.oldest(limit: 9)], owner: "w", leaseMilliseconds: 1, capabilities: known).isEmpty
            )
            #expect(try store.claim([1001], capabilities: known + ["parquet.1", "excel.1"]).count == 1)
            try store.expire(1001)
            #expect(try store.claimExpired().isEmpty)
        }

        @Test func aDelayIsKept() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            #expect(try write(Store.requeue(1001, 1, delay: 3_600_000)) == [.done])
            #expect(try store.claim([1001]).isEmpty)
            try store.connection.script("UPDATE live_runs SET not_before = clock_timestamp()")
            #expect(try store.claim([1001]).first?.attempt == 2)
        }

        @Test func runsThatSomebodyIsClaimingArePassedOver() throws {
            try store.startRuns(1...2)
            let other = try testDatabase.connect()
            defer { other.close() }
            try store.connection.transaction { _ in
                let mine = try store.runs.claim(
                    [.oldest(limit: 1)], owner: "w", leaseMilliseconds: 60_000,
                    capabilities: RunCapability.all)
                let theirs = try RunStore(other).claim(
                    [.oldest(limit: 9)], owner: "x", leaseMilliseconds: 60_000,
                    capabilities: RunCapability.all)
                #expect(mine.count == 1 && theirs.count == 1)
                #expect(mine.first?.runID != theirs.first?.runID)
            }
        }

        @Test func aLeaseThatRanOutIsAFailure() throws {
            try store.startRuns(1...1)
            let first = try #require(try store.claim([1001]).first)
            try store.expire(1001)
            let second = try #require(try store.claimExpired().first)
            #expect((second.attempt, second.failures) == (2, 1))
            #expect(second.lastError == "the worker stopped responding")
            #expect(second.state == .inProgress && second.startedAt == first.startedAt)
            #expect(try store.claimExpired().isEmpty)
            try store.expire(1001)
            #expect(try store.claimExpired().first?.failures == 2)
        }

        @Test func aCancelledRunOfADeadWorkerIsTakenOverAsSuch() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            try store.apply([Store.command(2, "CancelFlowExecutions", "flow-1")])
            try store.expire(1001)
            let claimed = try #require(try store.claimExpired().first)
            #expect(claimed.state == .cancelStarted && claimed.attempt == 2)
            #expect(try write(Store.manifest(1001, 2)) == [.cancelled])
            #expect(try write(Store.end(1001, 2, .canceled)).contains(.fenced) == false)
        }

        @Test func aDeletedFlowHasNoDefinition() throws {
            try store.startRuns(1...1)
            _ = try store.claim([1001])
            try store.apply([Store.command(2, "DeleteFlow", "flow-1")])
            try store.expire(1001)
            #expect(try store.claimExpired().first?.definition == nil)
        }

        @Test func aRunKeepsItsRevision() throws {
            try store.startRuns(1...1)
            let update = Store.input("flow-1", description: "changed")
            try store.apply([Store.command(2, "UpdateFlow", "flow-1", input: update)])
            #expect(try store.claim([1001]).first?.definition?.contains("plain") == true)
        }

        // MARK: Renewal

        @Test func aRenewalExtendsTheLeaseAndTellsOfCancels() throws {
            try store.startRuns(1...3)
            _ = try store.claim([1001, 1002], lease: 1)
            let figures = RunFigures(records: 5, bytesRead: 6, bytesWritten: 7)
            try store.apply([Store.command(2, "CancelFlowExecutions", "flow-2")])
            let asked = [1001, 1002, 1003, 1004].map { (runID: Store.id($0), attempt: Int64(1), figures: figures) }
            let owned = try store.runs.renew(asked, leaseMilliseconds: 60_000)
            #expect(owned.keys.sorted() == [Store.id(1001), Store.id(1002)])
            #expect(owned[Store.id(1001)]?.state == .inProgress && owned[Store.id(1001)]?.sequence == 1)
            #expect(owned[Store.id(1002)]?.state == .cancelStarted)
            #expect(try store.claimExpired().isEmpty)
            #expect(
                try store.connection.lines(
                    "SELECT records, bytes_read, bytes_written FROM live_runs WHERE run_id = '\(Store.id(1001))'")
                    == ["5|6|7"])
            #expect(try store.runs.renew(asked, leaseMilliseconds: 1)[Store.id(1001)]?.sequence == 2)
        }

        // MARK: Fencing

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

        // MARK: Manifest

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

        // MARK: Uploads

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

        // MARK: Outbox

        @Test func theOutboxKeepsOrderAndForgets() throws {
            let messages = (1...3).map { (topic: "t", key: "k\($0)", headers: "{}", value: "v\($0)") }
            let ids = try store.connection.pipeline([OutboxStore.insertStep(messages)], transaction: true)[0]
            #expect(ids.count == 3)
            let stale = try OutboxStore.takeStale(store.connection, olderThanMilliseconds: 0, limit: 2)
            #expect(stale.map { $0.key } == ["k1", "k2"])
            #expect(stale.map { $0.id } == [ids.int(0, 0), ids.int(1, 0)])
            #expect(stale.first?.value == "v1" && stale.first?.headers == "{}" && stale.first?.topic == "t")
            #expect(try OutboxStore.takeStale(store.connection, olderThanMilliseconds: 60_000, limit: 9).isEmpty)
            try store.connection.script("UPDATE outbox SET created_at = created_at - interval '1 minute'")
            #expect(try OutboxStore.takeStale(store.connection, olderThanMilliseconds: 30_000, limit: 9).count == 3)
            #expect(
                try OutboxStore.takeStale(store.connection, olderThanMilliseconds: 30_000, limit: 9).isEmpty,
                "they are the first one's for as long again")
            let step = OutboxStore.deleteStep(stale.map { $0.id })
            _ = try store.connection.execute(step.0, step.1)
            #expect(
                try OutboxStore.takeStale(store.connection, olderThanMilliseconds: 0, limit: 9).map { $0.key } == ["k3"]
            )
        }
    }
}
