// SPDX-License-Identifier: Apache-2.0
import Observability
import PostgreSQL

/// Reads of any kind, one at a time on each of a few threads.
final class ReadPool: Sendable {
    /// Work for a reader; the error says that the database cannot be reached, or that the deadline passed before.
    typealias Job = @Sendable (Result<PostgresConnection, PostgresError>) -> Void

    private let threads: ReaderThreads<Job>

    /// - Parameter statementMilliseconds: a read that takes longer is ended by the server, or given up where the server
    ///   is silent.
    init(
        database: PostgresConfiguration, threads count: Int, waiting: Int, statementMilliseconds: Int, logger: Logger
    ) {
        threads = ReaderThreads(
            name: "reader", database: database, threads: count, waiting: waiting, atOnce: 1,
            statementMilliseconds: statementMilliseconds, logger: logger
        ) { jobs, connection in
            for job in jobs { job(connection) }
        }
    }

    func start() { threads.start() }

    /// False when too much waits already; see `ReaderThreads`.
    func submit(deadline: Int, _ job: @escaping Job) -> Bool { threads.submit(deadline: deadline, job) }

    func shutdown() { threads.shutdown() }
}
