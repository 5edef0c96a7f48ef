// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Glibc
import LocalServices
import Observability
import PostgreSQL
import Testing
import Threading

@testable import Ingestor

@Suite(.serialized) struct ReadPoolTests {
    private static let logger = Logger(role: "test", level: .error)

    /// One reader on a private server.
    private func withPool(statementMilliseconds: Int, _ body: (ReadPool) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/millrace-reads-tests-\(getpid())"
        let server = PrivatePostgres(dataDirectory: folder, logger: Self.logger)
        try server.start()
        defer {
            server.stop(mode: .immediate)
            try? FileManager.default.removeItem(atPath: folder)
        }
        let pool = ReadPool(
            database: PostgresConfiguration(connectionString: server.connectionString), threads: 1, waiting: 10,
            statementMilliseconds: statementMilliseconds, logger: Self.logger)
        pool.start()
        defer { pool.shutdown() }
        try body(pool)
    }

    private static func outcome(_ connection: Result<PostgresConnection, PostgresError>, _ sql: String) -> String {
        do {
            return try connection.get().execute(SQLStatement("test \(sql.hashValue)", sql), []).text(0, 0) ?? "null"
        } catch {
            return (error as? PostgresError).map { "\($0.kind)" } ?? "\(error)"
        }
    }

    private var later: Int { MonotonicClock.milliseconds + 60_000 }

    @Test func aReadThatHangsIsEndedAndTheNextOneRuns() throws {
        try withPool(statementMilliseconds: 200) { pool in
            let answers = Mailbox<String>()
            for sql in ["SELECT pg_sleep(1000)", "SELECT 7"] {
                #expect(pool.submit(deadline: later) { _ = answers.offer(Self.outcome($0, sql)) })
            }
            #expect(answers.take(upTo: 1, timeoutMilliseconds: 60_000) == ["timeout"])
            #expect(answers.take(upTo: 1, timeoutMilliseconds: 60_000) == ["7"])
        }
    }

    @Test func aJobPastItsDeadlineDoesNotRun() throws {
        try withPool(statementMilliseconds: 60_000) { pool in
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
    }

    @Test func aReadOutOfTimeIsAnsweredWith503() {
        for kind in [PostgresError.Kind.timeout, .connection] {
            let answer = FlowReads.translated(PostgresError(kind: kind, message: "m"))
            #expect(answer.status == 503 && answer.retryAfterSeconds != nil)
        }
    }
}
