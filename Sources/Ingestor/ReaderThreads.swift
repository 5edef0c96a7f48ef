// SPDX-License-Identifier: Apache-2.0
import Observability
import PostgreSQL
import Threading

/// A few threads with a database connection each, so that no thread of the HTTP server ever waits for the database.
/// Thread-safe.
final class ReaderThreads<Work: Sendable>: Sendable {
    /// What is done with works taken at once; the error says that the database cannot be reached, or that the deadline
    /// passed before.
    typealias Perform = @Sendable ([Work], Result<PostgresConnection, PostgresError>) -> Void

    /// A connection is waited for this long, where the deadline leaves as much.
    private static var connectionMilliseconds: Int { 5_000 }

    private let threads: DeadlinePool<Work>
    private let connections: PostgresPool

    /// - Parameters:
    ///   - waiting: so many works may wait for their turn.
    ///   - atOnce: so many are taken together.
    ///   - statementMilliseconds: a read that takes longer is ended by the server, or given up where the server is
    ///     silent.
    init(
        name: String, database: PostgresConfiguration, threads count: Int, waiting: Int, atOnce: Int,
        statementMilliseconds: Int, logger: Logger, perform: @escaping Perform
    ) {
        var database = database
        database.statementTimeoutMilliseconds = statementMilliseconds
        database.lockTimeoutMilliseconds = min(database.lockTimeoutMilliseconds, statementMilliseconds)
        let connections = PostgresPool(database, size: count, logger: logger)
        self.connections = connections
        threads = DeadlinePool(name: name, threads: count, waiting: waiting, atOnce: atOnce) { works, left in
            Self.serve(works, left, connections, perform)
        }
    }

    func start() { threads.start() }

    /// False when too much waits already.
    /// - Parameter deadline: monotonic milliseconds. Work that has not begun by then gets an error of kind `.timeout`
    ///   and no connection: nobody waits for what it would read.
    func submit(deadline: Int, _ work: Work) -> Bool { threads.submit(deadline: deadline, work) }

    /// Does what was taken in, then ends.
    func shutdown() {
        threads.shutdown()
        connections.close()
    }

    private static func serve(_ works: [Work], _ left: Int, _ connections: PostgresPool, _ perform: Perform) {
        if left <= 0 {
            let error = PostgresError(kind: .timeout, message: "the read waited too long for its turn")
            perform(works, .failure(error))
            return
        }
        do {
            try connections.withConnection(deadlineMilliseconds: min(left, connectionMilliseconds)) {
                perform(works, .success($0))
            }
        } catch let error as PostgresError {
            perform(works, .failure(error))
        } catch {
            perform(works, .failure(PostgresError(kind: .connection, message: "\(error)")))
        }
    }
}
