// SPDX-License-Identifier: Apache-2.0
import Observability
import PostgreSQL
import Synchronization
import TestSupport
import Testing
import Threading

@testable import Ingestor

extension IngestorDatabaseTests {
    @Suite(.serialized) struct ReadPoolTests {
        private func pool(
            _ database: PostgresConfiguration? = nil, threads: Int = 1, waiting: Int = 2,
            statementMilliseconds: Int = 60_000
        ) throws -> ReadPool {
            ReadPool(
                database: try database ?? testDatabase.configuration(), threads: threads, waiting: waiting,
                statementMilliseconds: statementMilliseconds, logger: testLogger)
        }

        @Test func readersWorkAtTheSameTime() throws {
            let pool = try pool(threads: 2)
            pool.start()
            defer { pool.shutdown() }
            let sessions = Mailbox<String?>()
            let both = Mailbox<Bool>()
            for _ in 0..<2 {
                #expect(
                    pool.submit(deadline: later) { connection in
                        _ = sessions.offer(try? connection.get().value("SELECT pg_backend_pid()"))
                        _ = both.take(upTo: 1, timeoutMilliseconds: 30_000)
                    })
            }
            let first = sessions.take(upTo: 1, timeoutMilliseconds: 30_000).first
            let second = sessions.take(upTo: 1, timeoutMilliseconds: 30_000).first
            for _ in 0..<2 { _ = both.offer(true) }
            #expect(first != nil && second != nil && first != second)
        }

        @Test func whatIsTooMuchIsRefused() throws {
            let pool = try pool(waiting: 2)
            // Nobody works yet.
            let done = Mutex(0)
            for _ in 0..<2 { #expect(pool.submit(deadline: later) { _ in done.withLock { $0 += 1 } }) }
            #expect(!pool.submit(deadline: later) { _ in done.withLock { $0 += 1 } })
            pool.start()
            pool.shutdown()
            #expect(done.withLock { $0 } == 2, "what was taken is done, also at the end")
            #expect(!pool.submit(deadline: later) { _ in })
        }

        @Test func aJobHearsThatTheDatabaseIsAway() throws {
            let pool = try pool(PostgresConfiguration(connectionString: "host=/nonexistent dbname=x"))
            pool.start()
            defer { pool.shutdown() }
            let heard = Mailbox<PostgresError.Kind?>()
            #expect(
                pool.submit(deadline: later) { connection in
                    if case .failure(let error) = connection {
                        _ = heard.offer(error.kind)
                    } else {
                        _ = heard.offer(nil)
                    }
                })
            #expect(heard.take(timeoutMilliseconds: 30_000) == [.connection])
        }

        /// A session that a job broke is not lent to the next.
        @Test func aBrokenSessionIsReplaced() throws {
            let pool = try pool()
            pool.start()
            defer { pool.shutdown() }
            let results = Mailbox<String?>()
            #expect(
                pool.submit(deadline: later) { connection in
                    _ = try? connection.get().value("SELECT pg_terminate_backend(pg_backend_pid())")
                })
            #expect(
                pool.submit(deadline: later) { connection in _ = results.offer(try? connection.get().value("SELECT 1"))
                })
            #expect(results.take(timeoutMilliseconds: 30_000) == ["1"])
        }

        private static func outcome(_ connection: Result<PostgresConnection, PostgresError>, _ sql: String) -> String {
            do {
                return try connection.get().execute(SQLStatement("test \(sql.hashValue)", sql), []).text(0, 0) ?? "null"
            } catch {
                return "\(error.kind)"
            }
        }

        private var later: Int { MonotonicClock.milliseconds + 60_000 }

        @Test func aReadThatHangsIsEndedAndTheNextOneRuns() throws {
            let pool = try pool(statementMilliseconds: 200)
            pool.start()
            defer { pool.shutdown() }
            let answers = Mailbox<String>()
            for sql in ["SELECT pg_sleep(1000)", "SELECT 7"] {
                #expect(pool.submit(deadline: later) { _ = answers.offer(Self.outcome($0, sql)) })
            }
            #expect(answers.take(upTo: 1, timeoutMilliseconds: 60_000) == ["timeout"])
            #expect(answers.take(upTo: 1, timeoutMilliseconds: 60_000) == ["7"])
        }

        @Test func aJobPastItsDeadlineDoesNotRun() throws {
            let pool = try pool(waiting: 3)
            pool.start()
            defer { pool.shutdown() }
            let begun = Mailbox<Bool>()
            let release = Mailbox<Bool>()
            let answers = Mailbox<String>()
            #expect(
                pool.submit(deadline: later) { _ in
                    _ = begun.offer(true)
                    _ = release.take(upTo: 1, timeoutMilliseconds: 60_000)
                })
            #expect(begun.take(upTo: 1, timeoutMilliseconds: 60_000) == [true])
            let deadline = MonotonicClock.milliseconds + 1
            #expect(pool.submit(deadline: deadline) { _ = answers.offer(Self.outcome($0, "SELECT 1")) })
            #expect(pool.submit(deadline: later) { _ = answers.offer(Self.outcome($0, "SELECT 2")) })
            while MonotonicClock.milliseconds <= deadline { _ = answers.take(timeoutMilliseconds: 1) }
            _ = release.offer(true)
            #expect(answers.take(upTo: 1, timeoutMilliseconds: 60_000) == ["timeout"])
            #expect(answers.take(upTo: 1, timeoutMilliseconds: 60_000) == ["2"])
        }

        @Test func whatWaitsIsTakenTogetherUpToALimit() throws {
            let batches = Mailbox<[Int]>()
            let late = Mailbox<Int>()
            let threads = ReaderThreads<Int>(
                name: "test", database: try testDatabase.configuration(), threads: 1, waiting: 9, atOnce: 4,
                statementMilliseconds: 60_000, logger: testLogger
            ) { works, connection in
                switch connection {
                case .success: _ = batches.offer(works)
                case .failure(let error):
                    #expect(error.kind == .timeout)
                    for work in works { _ = late.offer(work) }
                }
            }
            for work in 0..<6 { #expect(threads.submit(deadline: work == 2 ? 0 : later, work)) }
            threads.start()
            threads.shutdown()
            #expect(batches.take(timeoutMilliseconds: 0) == [[0, 1, 3], [4, 5]])
            #expect(late.take(timeoutMilliseconds: 0) == [2])
        }

        @Test func aReadOutOfTimeIsAnsweredWith503() {
            for kind in [PostgresError.Kind.timeout, .connection] {
                let answer = StoreReads.translated(PostgresError(kind: kind, message: "m"))
                #expect(answer.status == 503 && answer.retryAfterSeconds != nil)
            }
        }
    }
}
