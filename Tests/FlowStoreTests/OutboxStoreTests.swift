// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL
import Testing

@testable import FlowStore

extension FlowStoreTests {
    /// Messages that a transaction leaves to be sent.
    @Suite(.serialized) struct OutboxStoreTests {
        let store: Store

        init() throws { store = try Store() }

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
