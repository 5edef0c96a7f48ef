// SPDX-License-Identifier: Apache-2.0
import Observability
import PostgreSQL
import Synchronization
import Threading

/// A few threads that read from the database, so that no thread of the HTTP server ever waits for it.
final class ReadPool: Sendable {
    /// Work for a reader; the error says that the database cannot be reached, or that the deadline passed before.
    typealias Job = @Sendable (Result<PostgresConnection, PostgresError>) -> Void

    private struct Entry: Sendable {
        let deadline: Int
        let job: Job
    }

    /// A connection is waited for this long, where the deadline leaves as much.
    private static let connectionMilliseconds = 5_000

    private let jobs: Mailbox<Entry>
    private let pool: PostgresPool
    private let threads = Mutex<[NamedThread]>([])
    private let count: Int

    /// - Parameter statementMilliseconds: a read that takes longer is ended by the server, or given up where the server
    ///   is silent.
    init(
        database: PostgresConfiguration, threads count: Int, waiting: Int, statementMilliseconds: Int, logger: Logger
    ) {
        jobs = Mailbox(capacity: waiting)
        var database = database
        database.statementTimeoutMilliseconds = statementMilliseconds
        database.lockTimeoutMilliseconds = min(database.lockTimeoutMilliseconds, statementMilliseconds)
        pool = PostgresPool(database, size: count, logger: logger)
        self.count = count
    }

    func start() {
        threads.withLock { threads in
            threads = (0..<count).map { index in NamedThread("reader-\(index)") { [self] in run() } }
        }
    }

    /// False when too much waits already.
    /// - Parameter deadline: monotonic milliseconds. A job that has not begun by then gets an error of kind `.timeout`
    ///   and no connection: nobody waits for what it would read.
    func submit(deadline: Int, _ job: @escaping Job) -> Bool { jobs.offer(Entry(deadline: deadline, job: job)) }

    func shutdown() {
        jobs.close()
        for thread in threads.withLock({ $0 }) { thread.join() }
        pool.close()
    }

    private func run() {
        while true {
            guard let entry = jobs.take(upTo: 1, timeoutMilliseconds: -1).first else { return }
            let left = entry.deadline - MonotonicClock.milliseconds
            if left <= 0 {
                entry.job(.failure(PostgresError(kind: .timeout, message: "the read waited too long for its turn")))
                continue
            }
            do {
                try pool.withConnection(deadlineMilliseconds: min(left, Self.connectionMilliseconds)) {
                    entry.job(.success($0))
                }
            } catch let error as PostgresError {
                entry.job(.failure(error))
            } catch {
                entry.job(.failure(PostgresError(kind: .connection, message: "\(error)")))
            }
        }
    }
}
