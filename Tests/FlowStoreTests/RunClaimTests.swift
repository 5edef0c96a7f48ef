// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL
import Testing

@testable import FlowStore

extension FlowStoreTests {
    /// Claims of runs, and the leases that they bring.
    @Suite(.serialized) struct RunClaimTests {
        let store: Store

        init() throws { store = try Store() }

        private func write(_ writes: RunWrite...) throws -> [RunWriteResult] { try store.runs.write(writes) }

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
    }
}
