// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import PostgreSQL
import Testing

@testable import FlowStore

extension FlowStoreTests {
    @Suite(.serialized) struct FlowReaderTests {
        let store: Store
        let reader: FlowReader

        init() throws {
            store = try Store()
            reader = FlowReader(store.connection)
        }

        private func key(_ number: Int) -> FlowKey { FlowKey(account: Store.account, name: "flow-\(number)") }

        @Test func describesAFlowAndItsLastRun() throws {
            #expect(try reader.describe(key(1)) == nil)
            try store.apply([Store.command(1, "CreateFlow", "flow-1")])
            let fresh = try #require(try reader.describe(key(1)))
            #expect(fresh.flow.uuid == Store.id(1) && fresh.lastRun == nil)
            try store.apply([Store.command(1001, "StartFlow", "flow-1")])
            #expect(try reader.describe(key(1))?.lastRun?.state == .queued)
            let claimed = try #require(try store.claim([1001]).first)
            #expect(
                try reader.describe(key(1))?.lastRun
                    == LastRun(state: .inProgress, at: claimed.startedAt, message: ""))
            _ = try store.runs.write([Store.end(1001, 1, .error)])
            #expect(
                try reader.describe(key(1))?.lastRun
                    == LastRun(state: .error, at: 1_700_000_000_000_000, message: "ended"))
        }

        @Test func describesSeveralInTheOrderAsked() throws {
            try store.apply((1...3).map { Store.command($0, "CreateFlow", "flow-\($0)") })
            let foreign = FlowKey(account: "999999999999", name: "flow-1")
            let found = try reader.describe([key(3), key(9), key(1), foreign, key(3)])
            #expect(found.map { $0?.flow.uuid } == [Store.id(3), nil, Store.id(1), nil, Store.id(3)])
            #expect(found[0]?.flow.definition != nil)
            #expect(try reader.describe([]).isEmpty)
        }

        @Test func anotherAccountsFlowsAreNotThere() throws {
            try store.apply([Store.command(1, "CreateFlow", "flow-1")])
            let foreign = FlowKey(account: "999999999999", name: "flow-1")
            #expect(try reader.describe(foreign) == nil)
            #expect(try reader.records(of: foreign, after: .newest, limit: 9) == nil)
            #expect(try reader.list(account: "999999999999", after: "", limit: 9).isEmpty)
            #expect(try reader.records(of: key(1), after: .newest, limit: 9)?.flowUUID == Store.id(1))
        }

        @Test func listsByNamePageByPage() throws {
            let names = ["Zebra", "a", "a-b", "a1", "b", "zz"]
            try store.apply(
                names.shuffled().enumerated().map { Store.command($0.offset + 1, "CreateFlow", $0.element) })
            var found: [String] = []
            while true {
                let page = try reader.list(account: Store.account, after: found.last ?? "", limit: 2)
                if page.isEmpty { break }
                #expect(page.count == 2)
                found += page.map { $0.flow.name }
            }
            #expect(found == names, "ordered by bytes")
        }

        @Test func aListTellsOfLastRuns() throws {
            try store.startRuns(1...3)
            _ = try store.claim([1001])
            var activities = try ActivityStore.load(store.connection, flowUUIDs: [Store.id(3)])
            let event = RunEvent(
                kind: .succeeded, account: Store.account, flowUUID: Store.id(3), flowName: "flow-3",
                runID: Store.id(1003),
                attempt: 1, sequence: RunEvent.endSequence, queuedAt: 5, startedAt: 6, occurredAt: 7,
                figures: RunFigures(), message: "fine")
            _ = activities[Store.id(3)]?.activity.apply(event)
            activities[Store.id(3)]?.changed = true
            _ = try store.connection.pipeline([try #require(ActivityStore.saveStep(activities))], transaction: true)
            try store.connection.script("DELETE FROM live_runs WHERE run_id = '\(Store.id(1003))'")
            let last = try reader.list(account: Store.account, after: "", limit: 9).map { $0.lastRun }
            #expect(last.map { $0?.state } == [.inProgress, .queued, .successful])
            #expect(last.last == LastRun(state: .successful, at: 7, message: "fine"))
        }

        @Test func recordsComeNewestFirstPageByPage() throws {
            try store.apply([Store.command(1, "CreateFlow", "flow-1"), Store.command(2, "CreateFlow", "flow-2")])
            for run in 1001...1005 {
                try store.apply([Store.command(run, "StartFlow", "flow-1")])
                _ = try store.claim([run])
                if run < 1005 { _ = try store.runs.write([Store.end(run, 1)]) }
            }
            // Runs of the same moment are told apart by their ids.
            try store.connection.script(
                "UPDATE run_history SET queued_at = (SELECT max(queued_at) FROM run_history) WHERE run_id <> '\(Store.id(1001))'"
            )
            let expected = (1001...1005).reversed().map { Store.id($0) }
            for size in 1...6 {
                var found: [RunRecord] = []
                var position = FlowReader.RunPosition.newest
                while true {
                    let page = try #require(try reader.records(of: key(1), after: position, limit: size)).runs
                    guard let last = page.last else { break }
                    found += page
                    position = FlowReader.RunPosition(queuedAt: last.queuedAt, runID: last.runID)
                }
                #expect(found.map { $0.runID } == expected, "pages of \(size)")
                #expect(found.first?.state == .inProgress && found.first?.message == nil)
                #expect(found.last?.state == .successful && found.last?.message == "ended")
                #expect(found.last?.figures == RunFigures(records: 3, bytesRead: 2, bytesWritten: 1))
                #expect(found.last?.updatedAt == 1_700_000_000_000_000)
                #expect(found.last?.putFailures == 0 && found.last?.startedAt != nil)
            }
            #expect(try reader.records(of: key(1), after: .newest, limit: 9)?.flowUUID == Store.id(1))
            #expect(try reader.records(of: key(2), after: .newest, limit: 9)?.runs == [])
            #expect(try reader.records(of: key(99), after: .newest, limit: 9) == nil)
        }

        /// Of runs of several destinations, filtered or not; nothing of others, and nothing that cannot be read.
        @Test func recordsTellOfEachDestination() throws {
            let input = Store.severalInput("flow-1")
            try store.apply([Store.command(1, "CreateFlow", "flow-1", input: input)])
            var results = try FlowDefinition(input: input).destinations.map { DestinationResult($0, records: 7) }
            results[1].fail("no such bucket", putFailures: 2)
            let stored = [nil, DestinationResult.encoded(results), "from the future"]
            for (index, text) in stored.enumerated() {
                let run = 1001 + index
                try store.apply([Store.command(run, "StartFlow", "flow-1")])
                _ = try store.claim([run])
                _ = try store.runs.write([
                    .end(
                        runID: Store.id(run), attempt: 1, state: .error, endedAt: 1_700_000_000_000_000,
                        figures: RunFigures(), message: "m", destinations: text, eventHeaders: "{}", eventValue: "{}")
                ])
            }
            try store.apply([Store.command(1004, "StartFlow", "flow-1")])
            var filter = RunRecordFilter()
            filter.states = [.error, .queued]
            for filter in [RunRecordFilter(), filter] {
                let found = try reader.records(of: key(1), after: .newest, limit: 9, filter: filter)
                #expect(found?.runs.map(\.destinations) == [[], [], results, []])
            }
        }

        @Test func findsKeptOutcomes() throws {
            try store.apply([Store.command(1, "CreateFlow", token: "t")])
            let key = TokenKey(account: Store.account, operation: "CreateFlow", scope: "", token: "t")
            let stored = try #require(try reader.outcome(key))
            #expect(stored.digest == "d" && stored.response.contains("flowArn"))
            let other = TokenKey(account: Store.account, operation: "CreateFlow", scope: "", token: "u")
            #expect(try reader.outcome(other) == nil)
            try store.connection.script("UPDATE command_outcomes SET expires_at = clock_timestamp()")
            #expect(try reader.outcome(key) == nil)
        }

        @Test func knowsTheSharedKey() throws {
            #expect(try reader.serviceKey("tokens")?.count == 64)
            #expect(try reader.serviceKey("nothing") == nil)
        }
    }
}
