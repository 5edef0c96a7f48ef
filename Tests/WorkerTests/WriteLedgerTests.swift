// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FlowStore
import PostgreSQL
import Synchronization
import TestSupport
import Testing
import Threading

@testable import Worker

extension WorkerDatabaseTests {
    @Suite(.serialized) struct WriteLedgerTests {
        let connection: PostgresConnection

        init() throws {
            connection = try testDatabase.connect()
            try connection.script("TRUNCATE live_runs, run_history, outbox, staged_uploads")
        }

        private static func id(_ number: Int) -> String {
            let digits = String(number)
            return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
        }

        /// Runs of flows of their own, as claimed by their first attempt.
        private func makeRuns(_ count: Int, on connection: PostgresConnection? = nil) throws {
            try (connection ?? self.connection).script(
                """
                INSERT INTO live_runs (run_id, account, flow_uuid, flow_name, revision, schema_version, capabilities, state,
                    attempt, owner, lease_until, queued_at, not_before, started_at, updated_at)
                SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '1', gen_random_uuid(), 'f', 1, 1, '{}',
                    'InProgress', 1, 'me', 'infinity', now(), now(), now(), now() FROM generate_series(1, \(count)) n
                """)
        }

        private static func end(_ run: Int, attempt: Int64 = 1) -> RunWrite {
            .end(
                runID: Self.id(run), attempt: attempt, state: .successful, endedAt: 1_700_000_000_000_000,
                figures: RunFigures(), message: "", eventHeaders: "{}", eventValue: "\(run)")
        }

        private func withLedger(_ body: (WriteLedger) throws -> Void) throws {
            try withLedger(on: testDatabase.configuration(), body)
        }

        private func withLedger(on database: PostgresConfiguration, _ body: (WriteLedger) throws -> Void) rethrows {
            let ledger = WriteLedger(database: database, logger: testLogger)
            ledger.start()
            defer { ledger.shutdown() }
            try body(ledger)
        }

        @Test func answersEachWrite() throws {
            try makeRuns(3)
            try withLedger { ledger in
                guard case .ended = ledger.perform(Self.end(1)) else {
                    Issue.record("not ended")
                    return
                }
                #expect(ledger.perform(Self.end(1)) == .fenced)
                #expect(ledger.perform(Self.end(2, attempt: 7)) == .fenced)
                let requeue = RunWrite.requeue(
                    runID: Self.id(3), attempt: 1, delayMilliseconds: 0, failed: false, error: nil)
                #expect(ledger.perform(requeue) == .done)
                #expect(ledger.problem == nil)
            }
        }

        @Test func aWriteThatTheDatabaseRefusesHarmsNoOther() throws {
            try makeRuns(20)
            let answers = Mutex<[Int: RunWriteResult]>([:])
            try withLedger { ledger in
                for run in 1...20 {
                    let isBad = run % 7 == 0
                    let write =
                        isBad
                        ? RunWrite.requeue(
                            runID: Self.id(run), attempt: 1, delayMilliseconds: 0, failed: true, error: "nul \u{0}")
                        : Self.end(run)
                    ledger.submit(write) { result in answers.withLock { $0[run] = result } }
                }
            }
            let got = answers.withLock { $0 }
            #expect(got.count == 20)
            #expect(got.filter { $0.value == .fenced }.keys.sorted() == [7, 14])
            #expect(try connection.count("run_history") == 18)
        }

        @Test func completionsKeepTheOrder() throws {
            try makeRuns(200)
            let order = Mutex<[Int]>([])
            try withLedger { ledger in
                for run in 1...200 { ledger.submit(Self.end(run)) { _ in order.withLock { $0.append(run) } } }
            }
            #expect(order.withLock { $0 } == Array(1...200))
        }

        @Test func aClosedLedgerRefuses() throws {
            let ledger = WriteLedger(database: try testDatabase.configuration(), logger: testLogger)
            ledger.start()
            ledger.shutdown()
            #expect(ledger.perform(Self.end(1)) == .fenced)
        }

        /// The server crashes while ends are being written: each run ends once, with one event, and every slot hears.
        @Test func aCrashOfTheDatabaseLosesNothing() throws {
            let count = 600
            let server = try TestPostgres()
            try server.makeDatabase("crashed", migrated: true)
            let before = try server.connect(database: "crashed")
            try makeRuns(count, on: before)
            before.close()
            let answers = Mutex<[Int: RunWriteResult]>([:])
            let heard = Mailbox<Int>()
            try withLedger(on: server.configuration(database: "crashed")) { ledger in
                let slots = (0..<4).map { slot in
                    NamedThread("slot-\(slot)") {
                        for run in stride(from: slot + 1, through: count, by: 4) {
                            let result = ledger.perform(Self.end(run))
                            answers.withLock { $0[run] = result }
                            _ = heard.offer(run)
                        }
                    }
                }
                var seen = 0
                while seen < 100 { seen += heard.take(timeoutMilliseconds: 20_000).count }
                server.crash()
                try server.start()
                for slot in slots { slot.join() }
            }
            let after = try server.connect(database: "crashed")
            defer { after.close() }
            #expect(try after.count("live_runs", where: "state <> 'Padding'") == 0)
            #expect(try after.count("run_history") == count)
            #expect(try after.value("SELECT count(DISTINCT run_id) FROM run_history") == String(count))
            #expect(try after.value("SELECT count(DISTINCT value) FROM outbox") == String(count))
            #expect(try after.count("outbox") == count)
            let got = answers.withLock { $0 }
            #expect(got.count == count)
            // A commit of unknown outcome had happened: its repetition finds nothing left to end.
            #expect(got.values.filter { $0 == .fenced }.count <= 4)
        }
    }
}
