// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL
import Testing

@testable import FlowStore

extension FlowStoreTests {
    @Suite(.serialized) struct DefinitionSweepTests {
        let store: Store

        init() throws { store = try Store() }

        private func update(_ flow: Int, _ command: Int) throws {
            try store.apply([
                Store.command(
                    command, "UpdateFlow", "flow-\(flow)", input: Store.input("flow-\(flow)", mapped: "f\(command)"))
            ])
        }

        private var revisions: [String] {
            get throws {
                try store.connection.lines(
                    "SELECT right(flow_uuid::text, 1), revision FROM flow_definitions ORDER BY flow_uuid, revision")
            }
        }

        @Test func keepsWhatIsCurrentOrUsed() throws {
            try store.startRuns(1...2)
            for command in 10...12 { try update(1, command) }
            try update(2, 20)
            try store.apply([Store.command(3, "CreateFlow", "flow-3")])
            #expect(try revisions == ["1|1", "1|2", "1|3", "1|4", "2|1", "2|2", "3|1"])
            var sweep = DefinitionSweep()
            #expect(try sweep.next(store.connection, limit: 100) == .init(looked: 7, forgotten: 2))
            #expect(try revisions == ["1|1", "1|4", "2|1", "2|2", "3|1"], "live runs still need the first revisions")
            let claimed = try store.claim([1001])
            #expect(claimed.count == 1)
            _ = try store.runs.write([Store.end(1001, 1)])
            #expect(try sweep.next(store.connection, limit: 100).forgotten == 1)
            #expect(try revisions == ["1|4", "2|1", "2|2", "3|1"])
            try store.apply([Store.command(40, "StartFlow", "flow-1")])
            #expect(try store.claim([40]).first?.definition?.isEmpty == false)
        }

        @Test func goesRoundInPages() throws {
            try store.startRuns(1...3)
            for run in 1001...1003 {
                _ = try store.claim([run])
                _ = try store.runs.write([Store.end(run, 1)])
            }
            for flow in 1...3 { try update(flow, 10 + flow) }
            var sweep = DefinitionSweep(after: Store.id(2))
            var forgotten: [Int] = []
            for _ in 0..<4 { forgotten.append(try sweep.next(store.connection, limit: 2).forgotten) }
            #expect(forgotten.reduce(0, +) == 3)
            #expect(try revisions == ["1|2", "2|2", "3|2"])
        }

        /// What a page costs must not depend on how many flows there are.
        @Test func looksByIndexOnly() throws {
            try store.connection.script(
                "INSERT INTO flows SELECT gen_random_uuid(), 'a', 'n' || i, 1, 2, 1, 'Active', NULL, NULL, 'OnDemand', 'S3', 'S3', "
                    + "'{}', now(), now(), 'me', 'me' FROM generate_series(1, 3000) i;"
                    + "INSERT INTO flow_definitions SELECT uuid, r, 1, 'x' FROM flows, generate_series(1, 2) r")
            try store.connection.script("ANALYZE flows, flow_definitions")
            let connection = try testDatabase.connect { $0.plansByIndex = true }
            defer { connection.close() }
            let before = try scanned(connection)
            var sweep = DefinitionSweep()
            #expect(try sweep.next(connection, limit: 100) == .init(looked: 100, forgotten: 50))
            let after = try scanned(connection)
            #expect(after == before, "sequential scans")
        }

        /// Sequential scans of the tables so far, this transaction's included.
        private func scanned(_ connection: PostgresConnection) throws -> String? {
            try connection.script("SELECT pg_stat_force_next_flush()")
            return try connection.value(
                "SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname IN ('flows', 'flow_definitions', 'live_runs')"
            )
        }
    }
}
