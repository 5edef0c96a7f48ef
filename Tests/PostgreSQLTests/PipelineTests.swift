// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import PostgreSQL

extension DatabaseTests {
    @Suite struct PipelineTests {
        let connection: PostgresConnection
        let insert = SQLStatement("step insert", "INSERT INTO step VALUES ($1, $2) RETURNING id")
        let count = SQLStatement("step count", "SELECT count(*) FROM step")
        let divide = SQLStatement("step divide", "SELECT 1 / $1::bigint")
        let prepared = SQLStatement("step prepared", "SELECT count(*) FROM pg_prepared_statements WHERE name = $1")

        init() throws {
            try testDatabase.makeTable("step", "id bigint PRIMARY KEY, v text")
            connection = try testDatabase.connect()
        }

        @Test func answersComeInOrder() throws {
            let rows = try connection.pipeline(
                [(insert, [.int(7), .text("a")]), (insert, [.int(8), .null]), (count, [])], transaction: true)
            #expect(rows.map { $0.int(0, 0) } == [7, 8, 2])
            #expect(try connection.execute(count).int(0, 0) == 2)
        }

        @Test func nothingToDo() throws {
            #expect(try connection.pipeline([], transaction: true).isEmpty)
            #expect(try connection.pipeline([], transaction: false).isEmpty)
        }

        @Test(arguments: [true, false])
        func failureRollsBackEverything(transaction: Bool) throws {
            // Twice: with statements that are still to be prepared, and with prepared ones.
            for _ in 0..<2 {
                let error = postgresError {
                    _ = try connection.pipeline(
                        [(insert, [.int(1), .null]), (insert, [.int(2), .null]), (divide, [.int(0)]), (count, [])],
                        transaction: transaction)
                }
                #expect(error?.sqlState == "22012")
                #expect(error?.kind == .permanent)
                #expect(error?.stepIndex == 2)
                #expect(!connection.isBroken)
                #expect(try connection.execute(count).int(0, 0) == 0)
            }
            let rows = try connection.pipeline([(divide, [.int(1)]), (count, [])], transaction: transaction)
            #expect(rows[1].int(0, 0) == 0)
        }

        /// What failed to be prepared is tried again; what was prepared before the failure is kept.
        @Test func failureToPrepare() throws {
            let late = SQLStatement("late", "SELECT count(*) FROM appears_later")
            let steps: [(SQLStatement, [SQLValue])] = [(insert, [.int(1), .null]), (late, []), (count, [])]
            for _ in 0..<2 {
                let error = postgresError { _ = try connection.pipeline(steps, transaction: true) }
                #expect(error?.sqlState == "42P01")
                #expect(error?.stepIndex == 1)
            }
            try testDatabase.makeTable("appears_later", "v text")
            let rows = try connection.pipeline(steps, transaction: true)
            #expect(rows.map { $0.int(0, 0) } == [1, 0, 1])
            try connection.script("DROP TABLE appears_later")
        }

        @Test func aStatementUsedTwiceInItsFirstPipeline() throws {
            let rows = try connection.pipeline([(divide, [.int(1)]), (divide, [.int(1)])], transaction: false)
            #expect(rows.count == 2)
            #expect(try connection.execute(prepared, [.text("step divide")]).int(0, 0) == 1)
        }

        @Test func preparedStatementsSurviveScriptsAndErrors() throws {
            _ = try connection.execute(count)
            try connection.script("SELECT 1; SELECT 2")
            #expect(postgresError { try connection.script("SELECT 1; nonsense") }?.sqlState == "42601")
            #expect(postgresError { _ = try connection.execute(divide, [.int(0)]) } != nil)
            _ = try connection.execute(count)
            #expect(try connection.execute(prepared, [.text("step count")]).int(0, 0) == 1)
        }

        @Test func oneNameForTwoTextsIsRefused() throws {
            _ = try connection.execute(SQLStatement("name", "SELECT 1"))
            let error = postgresError { _ = try connection.execute(SQLStatement("name", "SELECT 2")) }
            #expect(error?.kind == .permanent)
            #expect(!connection.isBroken)
        }

        /// Both sockets are full long before the first answer is read.
        @Test func largePipelinesDoNotDeadlock() throws {
            let echo = SQLStatement("step echo", "SELECT $1::text")
            let text = String(repeating: "x", count: 1 << 20)
            let rows = try connection.pipeline(Array(repeating: (echo, [.text(text)]), count: 48), transaction: true)
            #expect(rows.count == 48)
            #expect(rows.allSatisfy { $0.withText(0, 0) { $0.count } == 1 << 20 })
        }

        @Test func manySmallSteps() throws {
            let steps = (1...5000).map { (insert, [SQLValue.int(Int64($0)), .text("v\($0)")]) }
            let rows = try connection.pipeline(steps, transaction: true)
            #expect(rows.map { $0.int(0, 0) } == (1...5000).map { Int64($0) })
        }

        /// A deferred constraint speaks up at COMMIT, or at the end of the implicit transaction: no step is to blame.
        @Test(arguments: [true, false])
        func failureOfTheCommit(transaction: Bool) throws {
            try testDatabase.makeTable("deferred_child", "id bigint REFERENCES step DEFERRABLE INITIALLY DEFERRED")
            defer { try? testDatabase.connect().script("DROP TABLE deferred_child") }
            let child = SQLStatement("child", "INSERT INTO deferred_child VALUES ($1)")
            let error = postgresError {
                _ = try connection.pipeline([(child, [.int(404)])], transaction: transaction)
            }
            #expect(error?.sqlState == "23503")
            #expect(error?.constraint == "deferred_child_id_fkey")
            #expect(error?.stepIndex == nil)
            #expect(connection.isBroken == !transaction)
            let other = try testDatabase.connect()
            #expect(try other.value("SELECT count(*) FROM deferred_child") == "0")
        }
    }
}
