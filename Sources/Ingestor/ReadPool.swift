// SPDX-License-Identifier: Apache-2.0
import Observability
import PostgreSQL
import Synchronization
import Threading

/// A few threads that read from the database, so that no thread of the HTTP server ever waits for it.
final class ReadPool: Sendable {
    /// Work for a reader; the error says that the database cannot be reached.
    typealias Job = @Sendable (Result<PostgresConnection, PostgresError>) -> Void

    private let jobs: Mailbox<Job>
    private let pool: PostgresPool
    private let threads = Mutex<[NamedThread]>([])
    private let count: Int

    init(database: PostgresConfiguration, threads count: Int, waiting: Int, logger: Logger) {
        jobs = Mailbox(capacity: waiting)
        pool = PostgresPool(database, size: count, logger: logger)
        self.count = count
    }

    func start() {
        threads.withLock { threads in
            threads = (0..<count).map { index in NamedThread("reader-\(index)") { [self] in run() } }
        }
    }

    /// False when too much waits already.
    func submit(_ job: @escaping Job) -> Bool { jobs.offer(job) }

    func shutdown() {
        jobs.close()
        for thread in threads.withLock({ $0 }) { thread.join() }
        pool.close()
    }

    private func run() {
        while true {
            guard let job = jobs.take(upTo: 1, timeoutMilliseconds: -1).first else { return }
            do {
                try pool.withConnection(deadlineMilliseconds: 5_000) { job(.success($0)) }
            } catch let error as PostgresError {
                job(.failure(error))
            } catch {
                job(.failure(PostgresError(kind: .connection, message: "\(error)")))
            }
        }
    }
}
