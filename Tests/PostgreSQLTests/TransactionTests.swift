// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import PostgreSQL

extension DatabaseTests {
    @Suite struct TransactionTests {
        struct Abandoned: Error {}

        let connection: PostgresConnection
        let insert = SQLStatement("transaction insert", "INSERT INTO transacted VALUES ($1)")
        let count = SQLStatement("transaction count", "SELECT count(*) FROM transacted")
        let divide = SQLStatement("transaction divide", "SELECT 1 / $1::bigint")

        init() throws {
            try testDatabase.makeTable("transacted", "id bigint PRIMARY KEY")
            connection = try testDatabase.connect()
        }

        /// As others see it.
        private func committed() throws -> Int64? {
            let other = try testDatabase.connect()
            defer { other.close() }
            return try other.execute(count).int(0, 0)
        }

        @Test func commits() throws {
            let seen = try connection.transaction { connection in
                _ = try connection.execute(insert, [.int(1)])
                #expect(try committed() == 0)
                return try connection.execute(count).int(0, 0)
            }
            #expect(seen == 1)
            #expect(try committed() == 1)
            #expect(connection.isReusable)
        }

        @Test func rollsBackWhenTheBodyThrows() throws {
            #expect(throws: Abandoned.self) {
                try connection.transaction { connection in
                    _ = try connection.execute(insert, [.int(1)])
                    throw Abandoned()
                }
            }
            #expect(try committed() == 0)
            #expect(connection.isReusable)
        }

        @Test func rollsBackAfterAnError() throws {
            let error = postgresError {
                try connection.transaction { connection in
                    _ = try connection.pipeline([(insert, [.int(1)]), (insert, [.int(1)])], transaction: true)
                }
            }
            #expect(error?.kind == .unique("transacted_pkey"))
            #expect(error?.stepIndex == 1)
            #expect(try committed() == 0)
            #expect(connection.isReusable)
        }

        /// PostgreSQL answers COMMIT with ROLLBACK then; that must not look like success.
        @Test func aSwallowedErrorDoesNotCommit() throws {
            let error = postgresError {
                try connection.transaction { connection in
                    _ = try connection.execute(insert, [.int(1)])
                    _ = try? connection.execute(divide, [.int(0)])
                }
            }
            #expect(error?.kind == .permanent)
            #expect(try committed() == 0)
            let second = postgresError {
                try connection.transaction { connection in
                    _ = try? connection.execute(divide, [.int(0)])
                    _ = try connection.pipelineAndCommit([])
                }
            }
            #expect(second?.kind == .permanent)
            #expect(connection.isReusable)
        }

        @Test func lastStatementsTravelWithTheCommit() throws {
            try connection.transaction { connection in
                _ = try connection.execute(insert, [.int(1)])
                let rows = try connection.pipelineAndCommit([(insert, [.int(2)]), (count, [])])
                #expect(rows[1].int(0, 0) == 2)
                #expect(try committed() == 2)
                #expect(postgresError { _ = try connection.execute(count) }?.kind == .permanent)
            }
            #expect(connection.isReusable)
            #expect(try connection.execute(count).int(0, 0) == 2)
        }

        @Test func innerTransactionsJoin() throws {
            #expect(throws: Abandoned.self) {
                try connection.transaction { connection in
                    try connection.transaction { _ = try $0.execute(insert, [.int(1)]) }
                    _ = try connection.pipeline([(insert, [.int(2)])], transaction: true)
                    throw Abandoned()
                }
            }
            #expect(try committed() == 0)
        }

        @Test func withoutStatementsNothingIsSent() throws {
            let before = try connection.value("SELECT pg_stat_get_snapshot_timestamp() IS NULL")
            #expect(before == "t")
            #expect(try connection.transaction { _ in 42 } == 42)
            #expect(connection.isReusable)
        }

        @Test func scriptsJoin() throws {
            #expect(throws: Abandoned.self) {
                try connection.transaction { connection in
                    try connection.script("INSERT INTO transacted VALUES (1); INSERT INTO transacted VALUES (2)")
                    #expect(try connection.execute(count).int(0, 0) == 2)
                    throw Abandoned()
                }
            }
            #expect(try committed() == 0)
            #expect(try connection.value("SHOW statement_timeout") == "15s")
        }

        @Test func scriptsAreAtomicAndMayTakeLonger() throws {
            let quick = try testDatabase.connect { $0.statementTimeoutMilliseconds = 100 }
            #expect(postgresError { try quick.script("INSERT INTO transacted VALUES (1); SELECT 1/0") } != nil)
            #expect(try committed() == 0)
            try quick.script("SELECT pg_sleep(0.3)")
            #expect(try quick.value("SHOW statement_timeout") == "100ms")
            let error = postgresError { try quick.script("BEGIN; INSERT INTO transacted VALUES (1); nonsense") }
            #expect(error?.sqlState == "42601")
            #expect(postgresError { try quick.script("BEGIN; INSERT INTO transacted VALUES (1); SELECT 1/0") } != nil)
            #expect(quick.isReusable)
            #expect(try quick.value("SHOW statement_timeout") == "100ms")
        }
    }
}
