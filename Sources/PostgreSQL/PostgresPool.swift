// SPDX-License-Identifier: Apache-2.0
public import Observability
import Synchronization
import Threading

/// A few connections shared by many threads. Connects on a thread of its own and only on demand, hands connections out
/// in the order of asking, and answers fast while the database is down.
///
/// Renew leases over a pool, or a connection, of their own: a saturated pool must not cost them.
public final class PostgresPool: Sendable {
    /// A connection on its way between threads.
    private struct Parcel: @unchecked Sendable {
        // @unchecked: whoever holds the parcel is the only one to touch the connection; the pool's lock orders the
        // hand-over.
        let connection: PostgresConnection
    }

    /// Someone who waits for a connection; the mailbox carries one parcel, or is closed when the pool is.
    private final class Waiter: Sendable {
        let mailbox = Mailbox<Parcel>(capacity: 1)
    }

    private struct State {
        /// Most recently used last: those are the ones to use again.
        var idle: [Parcel] = []
        /// Handed out.
        var lent = 0
        var waiters: [Waiter] = []
        var backoff = ConnectBackoff()
        var isClosed = false
        var connector: NamedThread?
    }

    /// A connection that is out of use is replaced after 20 to 30 minutes: the server's memory per session grows.
    private static let lifetimeMilliseconds = 1_200_000...1_800_000
    /// How long anyone waits while the database cannot be reached, whatever their deadline: long enough for a restart.
    private static let patienceMilliseconds = 1_000

    private let configuration: PostgresConfiguration
    private let size: Int
    private let maximumWaiters: Int
    private let logger: Logger
    private let lifetime: Int
    private let state = Mutex(State())
    private let demand = Mailbox<Void>(capacity: 1)

    /// Connects when somebody asks for the first time.
    /// - Parameters:
    ///   - size: connections at most; two to four for each core of the database server, over all processes.
    ///   - maximumWaiters: whoever comes when so many wait already is refused.
    public init(_ configuration: PostgresConfiguration, size: Int, maximumWaiters: Int = 1024, logger: Logger) {
        self.configuration = configuration
        self.size = max(1, size)
        self.maximumWaiters = maximumWaiters
        self.logger = logger
        lifetime = Int.random(in: Self.lifetimeMilliseconds)
    }

    deinit {
        // Without joining: the last reference may be the connector's own.
        _ = shut()
    }

    /// Connections in use.
    public var lentCount: Int { state.withLock { $0.lent } }

    /// Lends a connection to `body`, which must not keep it. Broken connections are not given to anyone else.
    /// - Parameter deadlineMilliseconds: how long to wait for a connection; then the error is of kind `.timeout`, or
    ///   `.connection` when the database cannot be reached. It does not limit `body`.
    public func withConnection<Answer>(
        deadlineMilliseconds: Int, _ body: (PostgresConnection) throws -> Answer
    ) throws -> Answer {
        let connection = try acquire(deadlineMilliseconds: deadlineMilliseconds)
        defer { release(connection) }
        return try body(connection)
    }

    /// Closes idle connections at once, lent ones when they come back; refuses everyone who waits. Waits for an attempt
    /// to connect that is under way.
    public func close() {
        shut()?.join()
    }

    private func shut() -> NamedThread? {
        let (idle, waiters, connector) = state.withLock { state -> ([Parcel], [Waiter], NamedThread?) in
            state.isClosed = true
            defer {
                state.idle = []
                state.waiters = []
                state.connector = nil
            }
            return (state.idle, state.waiters, state.connector)
        }
        demand.close()
        for waiter in waiters { waiter.mailbox.close() }
        for parcel in idle { parcel.connection.close() }
        return connector
    }

    // MARK: - Lending

    private enum Attempt {
        case ready(Parcel)
        case wait(Waiter)
        case refused(PostgresError)
    }

    private static var closed: PostgresError { PostgresError.lost("the connection pool is closed") }

    private func acquire(deadlineMilliseconds: Int) throws(PostgresError) -> PostgresConnection {
        let start = MonotonicClock.milliseconds
        while true {
            switch begin() {
            case .refused(let error): throw error
            case .wait(let waiter):
                return try receive(waiter, start: start, deadlineMilliseconds: max(0, deadlineMilliseconds))
            case .ready(let parcel):
                parcel.connection.checkIdle()
                if parcel.connection.isReusable { return parcel.connection }
                discard(parcel.connection)
            }
        }
    }

    private func begin() -> Attempt {
        let attempt = state.withLock { state -> Attempt in
            if state.isClosed { return .refused(Self.closed) }
            // Whoever waits already comes first.
            if state.waiters.isEmpty, let parcel = state.idle.popLast() {
                state.lent += 1
                return .ready(parcel)
            }
            if state.waiters.count >= maximumWaiters {
                return .refused(PostgresError(kind: .timeout, message: "too many wait for a database connection"))
            }
            let waiter = Waiter()
            state.waiters.append(waiter)
            if state.connector == nil {
                // The thread keeps only what it needs alive, not the pool: see `connectOnDemand`.
                state.connector = NamedThread("pg-connect") { [weak self, demand] in
                    Self.serve(demand) { self }
                }
            }
            return .wait(waiter)
        }
        if case .wait = attempt { _ = demand.offer(()) }
        return attempt
    }

    private func receive(
        _ waiter: Waiter, start: Int, deadlineMilliseconds: Int
    ) throws(PostgresError) -> PostgresConnection {
        let (deadline, overflow) = start.addingReportingOverflow(deadlineMilliseconds)
        let end = overflow ? Int.max : deadline
        var next = min(end, start + Self.patienceMilliseconds)
        while true {
            let remaining = max(0, next - MonotonicClock.milliseconds)
            if let parcel = waiter.mailbox.take(upTo: 1, timeoutMilliseconds: remaining).first {
                return parcel.connection
            }
            if waiter.mailbox.isClosed { throw Self.closed }
            let isLast = MonotonicClock.milliseconds >= end
            let refusal = state.withLock { state -> PostgresError? in
                let failure = state.backoff.lastFailure
                let isDown = failure != nil && state.lent == 0
                guard isLast || isDown else { return nil }
                guard let index = state.waiters.firstIndex(where: { $0 === waiter }) else {
                    // Served in this very moment: the parcel is in the mailbox.
                    return nil
                }
                state.waiters.remove(at: index)
                return failure ?? PostgresError(kind: .timeout, message: "no database connection became free in time")
            }
            if let refusal { throw refusal }
            next = isLast ? .max - 1 : end
        }
    }

    private func release(_ connection: PostgresConnection) {
        let isAged = MonotonicClock.milliseconds - connection.connectedAt > lifetime
        if isAged || !connection.isReusable {
            discard(connection)
            return
        }
        let mustClose = state.withLock { state -> Bool in
            state.lent -= 1
            if state.isClosed { return true }
            give(Parcel(connection: connection), &state)
            return false
        }
        if mustClose { connection.close() }
    }

    /// To whoever waits longest, else to the idle ones.
    private func give(_ parcel: Parcel, _ state: inout State) {
        if state.waiters.isEmpty {
            state.idle.append(parcel)
        } else {
            state.lent += 1
            _ = state.waiters.removeFirst().mailbox.offer(parcel)
        }
    }

    private func discard(_ connection: PostgresConnection) {
        connection.close()
        let isWanted = state.withLock { state -> Bool in
            state.lent -= 1
            return !state.waiters.isEmpty
        }
        if isWanted { _ = demand.offer(()) }
    }

    // MARK: - Connecting

    /// The connector thread: sleeps until somebody waits, holding no reference to the pool meanwhile.
    private static func serve(_ demand: Mailbox<Void>, _ pool: () -> PostgresPool?) {
        var pause = -1
        while true {
            _ = demand.take(timeoutMilliseconds: pause)
            guard !demand.isClosed, let pool = pool() else { return }
            pause = pool.connectOnDemand()
        }
    }

    /// Opens one connection if somebody waits and there is room. Returns how long to wait before the next call, in
    /// milliseconds; -1: until somebody asks.
    private func connectOnDemand() -> Int {
        let pause = state.withLock { state -> Int in
            let isWanted = !state.waiters.isEmpty && state.lent + state.idle.count < size && !state.isClosed
            return isWanted ? max(0, state.backoff.nextAttempt - MonotonicClock.milliseconds) : -1
        }
        if pause != 0 { return pause }
        do throws(PostgresError) {
            let connection = try PostgresConnection.connect(configuration, logger: logger)
            let (mustClose, wasDown) = state.withLock { state -> (Bool, Bool) in
                let wasDown = state.backoff.lastFailure != nil
                state.backoff.succeeded()
                if state.isClosed { return (true, false) }
                give(Parcel(connection: connection), &state)
                return (false, wasDown)
            }
            if mustClose { connection.close() }
            if wasDown { logger.info("database is back") }
        } catch {
            let isFirst = state.withLock { state -> Bool in
                defer { state.backoff.failed(error, now: MonotonicClock.milliseconds) }
                return state.backoff.lastFailure == nil
            }
            if isFirst { logger.warning("database unreachable", [.error: error.description]) }
        }
        return 0
    }
}
