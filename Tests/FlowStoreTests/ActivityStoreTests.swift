// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL
import TestSupport
import Testing

@testable import FlowStore

extension FlowStoreTests {
    @Suite(.serialized) struct ActivityStoreTests {
        let store: Store

        init() throws {
            store = try Store()
            try store.apply([Store.command(1, "CreateFlow"), Store.command(2, "CreateFlow", "others")])
        }

        private func event(_ kind: RunEvent.Kind, flow: Int = 1, run: Int = 9, queuedAt: Int64 = 1_700_000_000_000_001)
            -> RunEvent
        {
            RunEvent(
                kind: kind, account: Store.account, flowUUID: Store.id(flow), flowName: "orders", runID: Store.id(run),
                attempt: 2, sequence: kind.isEnd ? RunEvent.endSequence : 3, queuedAt: queuedAt, startedAt: nil,
                occurredAt: queuedAt + 1, figures: RunFigures(), message: kind.isEnd ? "why" : "")
        }

        private func save(_ all: [String: ActivityStore.Versioned]) throws {
            let step = try #require(ActivityStore.saveStep(all))
            _ = try store.connection.pipeline([step], transaction: true)
        }

        @Test func comesBackAsItWasWritten() throws {
            var all = try ActivityStore.load(
                store.connection, flowUUIDs: [Store.id(1), Store.id(2), Store.id(3)])
            #expect(all.keys.sorted() == [Store.id(1), Store.id(2)])
            #expect(all[Store.id(1)]?.activity == FlowActivity())
            #expect(ActivityStore.saveStep(all) == nil)
            _ = all[Store.id(1)]?.activity.apply(event(.failed))
            all[Store.id(1)]?.changed = true
            try save(all)
            let again = try ActivityStore.load(store.connection, flowUUIDs: [Store.id(1), Store.id(2)])
            #expect(again[Store.id(1)]?.activity == all[Store.id(1)]?.activity)
            #expect(again[Store.id(1)]?.version == 2)
            #expect(again[Store.id(2)]?.version == 1, "what did not change is not written")
            #expect(again[Store.id(1)]?.changed == false)
        }

        /// More ends than are kept one by one.
        @Test func endsComeBackAsTheyWereWritten() throws {
            for run in 1...20 {
                var all = try ActivityStore.load(store.connection, flowUUIDs: [Store.id(1)])
                let at = 1_700_000_000_000_000 + Int64(run)
                let isNew = all[Store.id(1)]?.activity.apply(
                    event(run == 15 ? .succeeded : .failed, run: run, queuedAt: at))
                #expect(isNew == true)
                all[Store.id(1)]?.changed = true
                try save(all)
                let again = try ActivityStore.load(store.connection, flowUUIDs: [Store.id(1)])
                #expect(again[Store.id(1)]?.activity == all[Store.id(1)]?.activity)
            }
            #expect(
                try store.connection.lines(
                    "SELECT runs_ended, consecutive_failures FROM flow_activity WHERE runs_ended > 0")
                    == ["20|5"])
        }

        @Test func aStaleVersionIsRefused() throws {
            var stale = try ActivityStore.load(store.connection, flowUUIDs: [Store.id(1), Store.id(2)])
            for flow in [1, 2] {
                _ = stale[Store.id(flow)]?.activity.apply(event(.started, flow: flow))
                stale[Store.id(flow)]?.changed = true
            }
            try store.connection.script("UPDATE flow_activity SET version = 5 WHERE flow_uuid = '\(Store.id(2))'")
            let error = postgresError { try save(stale) }
            #expect(error?.sqlState == StoreGuard.sqlState)
            #expect(try store.connection.count("flow_activity", where: "last_run IS NULL") == 2)
        }

        /// The events of a flow that was deleted meanwhile concern nobody; those beside them still count.
        @Test func aFlowThatIsGoneDoesNotMatter() throws {
            var all = try ActivityStore.load(store.connection, flowUUIDs: [Store.id(1), Store.id(2)])
            for flow in [1, 2] {
                _ = all[Store.id(flow)]?.activity.apply(event(.started, flow: flow))
                all[Store.id(flow)]?.changed = true
            }
            try store.apply([Store.command(5, "DeleteFlow", "others")])
            try save(all)
            #expect(
                try store.connection.lines("SELECT flow_uuid, last_run_state FROM flow_activity")
                    == ["\(Store.id(1))|InProgress"])
        }
    }
}
