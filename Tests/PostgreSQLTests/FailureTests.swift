// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import TestSupport
import Testing
import Threading

@testable import PostgreSQL

extension DatabaseTests {
    @Suite struct FailureTests {
        let sleep = SQLStatement("sleep", "SELECT pg_sleep($1::text::float)")

        init() throws { try testDatabase.makeTable("contended", "id bigint PRIMARY KEY, v text CHECK (v <> 'bad')") }

        @Test func uniqueViolationNamesItsConstraint() throws {
            let connection = try testDatabase.connect()
            let insert = SQLStatement("contended insert", "INSERT INTO contended VALUES ($1, $2)")
            _ = try connection.execute(insert, [.int(4711), .null])
            let error = postgresError { _ = try connection.execute(insert, [.int(4711), .null]) }
            #expect(error?.kind == .unique("contended_pkey"))
            #expect(error?.constraint == "contended_pkey")
            #expect(error?.isRetriable == false)
            #expect(error?.detail?.contains("4711") == true)
            #expect(error?.description.contains("4711") == false)
            let check = postgresError { _ = try connection.execute(insert, [.int(1), .text("bad")]) }
            #expect(check?.kind == .permanent)
            #expect(check?.constraint == "contended_v_check")
        }

        @Test func dataStaysOutOfDescriptions() throws {
            let connection = try testDatabase.connect()
            let cast = SQLStatement("cast", "SELECT $1::text::bigint")
            let error = postgresError { _ = try connection.execute(cast, [.text("secret: \"stuff\"")]) }
            #expect(error?.sqlState == "22P02")
            #expect(error?.description.contains("secret") == false)
            #expect(error?.description.contains("bigint") == true)
        }

        @Test func lockTimeout() throws {
            let holder = try testDatabase.connect()
            let loser = try testDatabase.connect { $0.lockTimeoutMilliseconds = 50 }
            let lock = SQLStatement("lock", "LOCK TABLE contended")
            try holder.transaction { holder in
                _ = try holder.execute(lock)
                let error = postgresError { try loser.transaction { _ = try $0.execute(lock) } }
                #expect(error?.sqlState == "55P03")
                #expect(error?.kind == .serialization)
                #expect(error?.isRetriable == true)
            }
            #expect(loser.isReusable)
            try loser.transaction { _ = try $0.execute(lock) }
        }

        @Test func serializationFailure() throws {
            let first = try testDatabase.connect()
            let second = try testDatabase.connect()
            try first.script("INSERT INTO contended VALUES (1, 'a')")
            let snapshot = SQLStatement("snapshot", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            let read = SQLStatement("read", "SELECT v FROM contended")
            let update = SQLStatement("update", "UPDATE contended SET v = $1")
            let error = postgresError {
                try first.transaction { first in
                    _ = try first.execute(snapshot)
                    _ = try first.execute(read)
                    _ = try second.execute(update, [.text("b")])
                    _ = try first.execute(update, [.text("c")])
                }
            }
            #expect(error?.sqlState == "40001")
            #expect(error?.kind == .serialization)
            #expect(first.isReusable)
        }

        @Test func statementTimeout() throws {
            let connection = try testDatabase.connect { $0.statementTimeoutMilliseconds = 50 }
            let error = postgresError { _ = try connection.execute(sleep, [.text("60")]) }
            #expect(error?.sqlState == "57014")
            #expect(error?.kind == .timeout)
            #expect(!connection.isBroken)
            #expect(try connection.value("SELECT 1") == "1")
        }

        /// Our own deadline comes first: the server is asked to stop, answers, and the connection is not used again.
        @Test func deadlineCancelsTheStatement() throws {
            let connection = try testDatabase.connect()
            let error = postgresError { _ = try connection.execute(sleep, [.text("60")], deadlineMilliseconds: 50) }
            #expect(error?.sqlState == "57014")
            #expect(error?.kind == .timeout)
            #expect(connection.isBroken)
            #expect(postgresError { _ = try connection.execute(sleep, [.text("0")]) }?.kind == .connection)
        }

        /// A server that neither works nor hangs up.
        @Test func frozenServer() throws {
            let connection = try testDatabase.connect { $0.answerMarginMilliseconds = 100 }
            let backend = try #require(try connection.value("SELECT pg_backend_pid()").flatMap { Int32($0) })
            #expect(kill(backend, SIGSTOP) == 0)
            defer { kill(backend, SIGCONT) }
            let error = postgresError { _ = try connection.execute(sleep, [.text("0")], deadlineMilliseconds: 50) }
            #expect(error?.kind == .connection)
            #expect(error?.sqlState == nil)
            #expect(connection.isBroken)
        }

        @Test func cancellationFromAnotherThread() throws {
            let connection = try testDatabase.connect()
            let watcher = try testDatabase.connect()
            let backend = try #require(try connection.value("SELECT pg_backend_pid()").flatMap { Int64($0) })
            let cancellation = connection.cancellation
            let failure = Mutex<PostgresError?>(nil)
            struct Handed: @unchecked Sendable { let connection: PostgresConnection }
            let handed = Handed(connection: connection)
            let thread = NamedThread("sleeper") {
                let error = postgresError { _ = try handed.connection.execute(sleep, [.text("60")]) }
                failure.withLock { $0 = error }
            }
            let active = SQLStatement(
                "active", "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'")
            while try watcher.execute(active, [.int(backend)]).int(0, 0) != 1 {}
            cancellation.cancel()
            thread.join()
            #expect(failure.withLock { $0?.kind } == .timeout)
            #expect(connection.isBroken)
        }

        @Test func terminatedSession() throws {
            let connection = try testDatabase.connect()
            let other = try testDatabase.connect()
            let backend = try #require(try connection.value("SELECT pg_backend_pid()"))
            _ = try other.value("SELECT pg_terminate_backend(\(backend), 10000)")
            let error = postgresError {
                _ = try connection.pipeline([(sleep, [.text("0")]), (sleep, [.text("0")])], transaction: true)
            }
            #expect(error?.kind == .connection)
            #expect(connection.isBroken)
            #expect(error?.isRetriable == true)
        }

        /// A changed table: the statement that is prepared for its old shape needs a new connection.
        @Test func staleStatement() throws {
            let connection = try testDatabase.connect()
            let all = SQLStatement("all", "SELECT * FROM contended")
            _ = try connection.execute(all)
            try connection.script("ALTER TABLE contended ADD COLUMN extra text")
            let error = postgresError { _ = try connection.execute(all) }
            #expect(error?.kind == .connection)
            #expect(connection.isBroken)
        }

        @Test func copyIsRefused() throws {
            let connection = try testDatabase.connect()
            #expect(postgresError { try connection.script("COPY contended FROM STDIN") }?.kind == .connection)
            #expect(connection.isBroken)
        }

        @Test func unreachableServer() {
            let configuration = PostgresConfiguration(
                connectionString: "host='/nonexistent folder' password=hunter2 dbname=x")
            let error = postgresError {
                _ = try PostgresConnection.connect(configuration, logger: testLogger)
            }
            #expect(error?.kind == .connection)
            #expect(error?.description.contains("hunter2") == false)
        }

        @Test func clock() throws {
            let connection = try testDatabase.connect()
            let clock = try DatabaseClock.sample(connection)
            let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
            let before = try #require(try connection.value(now).flatMap { Int64($0) })
            let ours = clock.nowMicroseconds
            let after = try #require(try connection.value(now).flatMap { Int64($0) })
            #expect(clock.roundTripMicroseconds > 0)
            #expect(ours >= before - clock.roundTripMicroseconds)
            #expect(ours <= after + clock.roundTripMicroseconds)
        }
    }
}
