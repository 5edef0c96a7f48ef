// SPDX-License-Identifier: Apache-2.0
import Observability
import PostgreSQL
import Threading

/// A few threads that read from the database, so that no thread of the HTTP server ever waits for it.
final class ReadPool: Sendable {
    /// Work for a reader; the error says that the database cannot be reached, or that the deadline passed before.
    typealias Job = @Sendable (Result<PostgresConnection, PostgresError>) -> Void

    /// A connection is waited for this long, where the deadline leaves as much.
    private static let connectionMilliseconds = 5_000

    private let threads: DeadlinePool
    private let connections: PostgresPool

    /// - Parameter statementMilliseconds: a read that takes longer is ended by the server, or given up where the server
    ///   is silent.
    init(
        database: PostgresConfiguration, threads count: Int, waiting: Int, statementMilliseconds: Int, logger: Logger
    ) {
        threads = DeadlinePool(name: "reader", threads: count, waiting: waiting)
        var database = database
        database.statementTimeoutMilliseconds = statementMilliseconds
        database.lockTimeoutMilliseconds = min(database.lockTimeoutMilliseconds, statementMilliseconds)
        connections = PostgresPool(database, size: count, logger: logger)
    }

    func start() { threads.start() }

    /// False when too much waits already.
    /// - Parameter deadline: monotonic milliseconds. A job that has not begun by then gets an error of kind `.timeout`
    ///   and no connection: nobody waits for what it would read.
    func submit(deadline: Int, _ job: @escaping Job) -> Bool {
        threads.submit(deadline: deadline) { [connections] left in Self.run(job, left: left, connections) }
    }

    func shutdown() {
        threads.shutdown()
        connections.close()
    }

    private static func run(_ job: Job, left: Int, _ connections: PostgresPool) {
        if left <= 0 {
            job(.failure(PostgresError(kind: .timeout, message: "the read waited too long for its turn")))
            return
        }
        do {
            try connections.withConnection(deadlineMilliseconds: min(left, connectionMilliseconds)) {
                job(.success($0))
            }
        } catch let error as PostgresError {
            job(.failure(error))
        } catch {
            job(.failure(PostgresError(kind: .connection, message: "\(error)")))
        }
    }
}
