// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TestSupport
import Testing
import Threading

@testable import PostgreSQL

extension DatabaseTests {
    @Suite struct PoolTests {
        private func pool(_ size: Int, maximumWaiters: Int = 1024) throws -> PostgresPool {
            PostgresPool(
                try testDatabase.configuration(), size: size, maximumWaiters: maximumWaiters, logger: testLogger)
        }

        @Test func connectionsAreUsedAgain() throws {
            let pool = try pool(4)
            defer { pool.close() }
            let backends = try (0..<10).map { _ in
                try pool.withConnection(deadlineMilliseconds: 10_000) { try $0.value("SELECT pg_backend_pid()") }
            }
            #expect(Set(backends).count == 1)
        }

        @Test func exhaustionEndsAtTheDeadline() throws {
            let pool = try pool(1)
            defer { pool.close() }
            try pool.withConnection(deadlineMilliseconds: 10_000) { _ in
                for deadline in [0, 30] {
                    let error = postgresError { try pool.withConnection(deadlineMilliseconds: deadline) { _ in } }
                    #expect(error?.kind == .timeout)
                }
            }
            let one = try pool.withConnection(deadlineMilliseconds: 10_000) { try $0.value("SELECT 1") }
            #expect(one == "1")
        }

        @Test func waitersAreBounded() throws {
            let pool = try pool(1, maximumWaiters: 0)
            defer { pool.close() }
            let error = postgresError { try pool.withConnection(deadlineMilliseconds: 60_000) { _ in } }
            #expect(error?.kind == .timeout)
        }

        @Test func manyThreadsShareFewConnections() throws {
            let pool = try pool(3)
            defer { pool.close() }
            let inside = Atomic(0)
            let most = Atomic(0)
            let done = Atomic(0)
            let increments = (0..<16).map { index in
                NamedThread("user-\(index)") {
                    for _ in 0..<50 {
                        try? pool.withConnection(deadlineMilliseconds: 60_000) { connection in
                            let now = inside.add(1, ordering: .relaxed).newValue
                            most.max(now, ordering: .relaxed)
                            defer { inside.subtract(1, ordering: .relaxed) }
                            if try connection.value("SELECT 1") == "1" { done.add(1, ordering: .relaxed) }
                        }
                    }
                }
            }
            for thread in increments { thread.join() }
            #expect(done.load(ordering: .relaxed) == 800)
            #expect(most.load(ordering: .relaxed) <= 3)
            #expect(pool.lentCount == 0)
        }

        @Test func brokenConnectionsAreReplaced() throws {
            let pool = try pool(1)
            defer { pool.close() }
            let first = try pool.withConnection(deadlineMilliseconds: 10_000) { connection in
                let backend = try connection.value("SELECT pg_backend_pid()")
                _ = postgresError { try connection.script("SELECT pg_terminate_backend(pg_backend_pid())") }
                #expect(connection.isBroken)
                return backend
            }
            let second = try pool.withConnection(deadlineMilliseconds: 10_000) {
                try $0.value("SELECT pg_backend_pid()")
            }
            #expect(first != second)
        }

        @Test func abandonedTransactionsAreNotPassedOn() throws {
            let pool = try pool(1)
            defer { pool.close() }
            try pool.withConnection(deadlineMilliseconds: 10_000) { try $0.script("BEGIN") }
            let state = try pool.withConnection(deadlineMilliseconds: 10_000) { $0.isReusable }
            #expect(state)
        }

        @Test func closedPoolRefuses() throws {
            let pool = try pool(1)
            try pool.withConnection(deadlineMilliseconds: 10_000) { _ in pool.close() }
            let error = postgresError { try pool.withConnection(deadlineMilliseconds: 10_000) { _ in } }
            #expect(error?.kind == .connection)
        }

        /// The server dies between two statements of a transaction, and comes back.
        @Test func recoversFromACrashOfTheServer() throws {
            let server = try TestPostgres()
            try server.connect().script("CREATE TABLE crash (id bigint)")
            let insert = SQLStatement("crash insert", "INSERT INTO crash VALUES ($1)")
            let pool = PostgresPool(server.configuration(), size: 2, logger: testLogger)
            defer { pool.close() }
            // One more session idles in the pool while the server goes down.
            try pool.withConnection(deadlineMilliseconds: 10_000) { _ in
                try pool.withConnection(deadlineMilliseconds: 10_000) { _ = try $0.execute(insert, [.int(1)]) }
            }
            let error = postgresError {
                try pool.withConnection(deadlineMilliseconds: 10_000) { connection in
                    try connection.transaction { connection in
                        _ = try connection.execute(insert, [.int(2)])
                        server.crash()
                        _ = try connection.execute(insert, [.int(3)])
                    }
                }
            }
            #expect(error?.kind == .connection)
            // Nobody is there: the answer comes long before the deadline, which the test's time limit would show.
            for _ in 0..<2 {
                let down = postgresError { try pool.withConnection(deadlineMilliseconds: 3_600_000) { _ in } }
                #expect(down?.kind == .connection)
            }
            try server.start()
            let count = try pool.withConnection(deadlineMilliseconds: 30_000) { connection in
                try connection.value("SELECT count(*) FROM crash")
            }
            #expect(count == "1")
        }

        /// A session that died while it idled is noticed before it is lent.
        @Test func idleSessionsThatDiedAreNotLent() throws {
            let server = try TestPostgres()
            let pool = PostgresPool(server.configuration(), size: 1, logger: testLogger)
            defer { pool.close() }
            try pool.withConnection(deadlineMilliseconds: 10_000) { _ = try $0.value("SELECT 1") }
            server.stop()
            try server.start()
            let one = try pool.withConnection(deadlineMilliseconds: 30_000) { try $0.value("SELECT 1") }
            #expect(one == "1")
        }
    }
}
