// SPDX-License-Identifier: Apache-2.0
import Observability
import PostgreSQL
import Synchronization
import Threading

/// A few threads with a database connection each, so that no thread of the HTTP server ever waits for the database. Each
/// takes what is waiting, up to so much at once; it never waits for more. Thread-safe.
final class ReaderThreads<Work: Sendable>: Sendable {
    /// What is done with works taken at once; the error says that the database cannot be reached, or that the deadline
    /// passed before.
    typealias Perform = @Sendable ([Work], Result<PostgresConnection, PostgresError>) -> Void

    private struct Entry: Sendable {
        let deadline: Int
        let work: Work
    }

    /// A connection is waited for this long, where the deadline leaves as much.
    private static var connectionMilliseconds: Int { 5_000 }

    private let entries: Mailbox<Entry>
    private let pool: PostgresPool
    private let threads = Mutex<[NamedThread]>([])
    private let name: String
    private let count: Int
    private let atOnce: Int
    private let perform: Perform

    /// - Parameters:
    ///   - waiting: so many works may wait for their turn.
    ///   - atOnce: so many are taken together.
    ///   - statementMilliseconds: a read that takes longer is ended by the server, or given up where the server is
    ///     silent.
    init(
        name: String, database: PostgresConfiguration, threads count: Int, waiting: Int, atOnce: Int,
        statementMilliseconds: Int, logger: Logger, perform: @escaping Perform
    ) {
        entries = Mailbox(capacity: waiting)
        var database = database
        database.statementTimeoutMilliseconds = statementMilliseconds
        database.lockTimeoutMilliseconds = min(database.lockTimeoutMilliseconds, statementMilliseconds)
        pool = PostgresPool(database, size: count, logger: logger)
        self.name = name
        self.count = count
        self.atOnce = atOnce
        self.perform = perform
    }

    func start() {
        threads.withLock { threads in
            threads = (0..<count).map { index in NamedThread("\(name)-\(index)") { [self] in run() } }
        }
    }

    /// False when too much waits already.
    /// - Parameter deadline: monotonic milliseconds. Work that has not begun by then gets an error of kind `.timeout`
    ///   and no connection: nobody waits for what it would read.
    func submit(deadline: Int, _ work: Work) -> Bool { entries.offer(Entry(deadline: deadline, work: work)) }

    /// Does what was taken in, then ends.
    func shutdown() {
        entries.close()
        for thread in threads.withLock({ $0 }) { thread.join() }
        pool.close()
    }

    private func run() {
        while true {
            let taken = entries.take(upTo: atOnce, timeoutMilliseconds: -1)
            if taken.isEmpty { return }
            let now = MonotonicClock.milliseconds
            let late = taken.filter { $0.deadline <= now }
            if !late.isEmpty {
                let error = PostgresError(kind: .timeout, message: "the read waited too long for its turn")
                perform(late.map { $0.work }, .failure(error))
            }
            let punctual = late.isEmpty ? taken : taken.filter { $0.deadline > now }
            if !punctual.isEmpty { serve(punctual, now) }
        }
    }

    private func serve(_ entries: [Entry], _ now: Int) {
        let works = entries.map { $0.work }
        let left = entries.reduce(Int.max) { min($0, $1.deadline) } - now
        do {
            try pool.withConnection(deadlineMilliseconds: min(left, Self.connectionMilliseconds)) {
                perform(works, .success($0))
            }
        } catch let error as PostgresError {
            perform(works, .failure(error))
        } catch {
            perform(works, .failure(PostgresError(kind: .connection, message: "\(error)")))
        }
    }
}
