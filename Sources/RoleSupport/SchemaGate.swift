// SPDX-License-Identifier: Apache-2.0
public import FlowStore
public import Observability
public import PostgreSQL
import Synchronization
import Threading

/// Keeps a role from its work until the database has every migration that the program knows: a controller would take
/// the errors of a column that is not there yet for those of the commands, and put these aside. Thread-safe.
///
/// Migrations are never taken back, so that a gate that has opened stays open.
public final class SchemaGate: Sendable {
    private struct State {
        var problem: String? = "not asked yet"
        var thread: NamedThread?
    }

    private static let askEveryMilliseconds = 500

    private let database: PostgresConfiguration
    private let newest: Int64
    private let logger: Logger
    private let stop: StopSignal
    private let state = Mutex(State())

    public init(
        database: PostgresConfiguration, newest: Int64 = SchemaVersion.newest, logger: Logger, stop: StopSignal
    ) {
        self.database = database
        self.newest = newest
        self.logger = logger
        self.stop = stop
    }

    /// What `/readyz` tells of it.
    public var readiness: (name: String, ready: Bool, detail: String) {
        let problem = state.withLock { $0.problem }
        return ("schema", problem == nil, problem ?? "")
    }

    /// Asks on a thread of its own until nothing is missing, then runs `open` there, once.
    public func start(_ open: @escaping @Sendable () -> Void) {
        let thread = NamedThread("schema-gate") { [self] in
            while !stop.isRaised {
                let problem = ask()
                if problem == nil {
                    open()
                    state.withLock { $0.problem = nil }
                    return
                }
                let isNew = state.withLock { state -> Bool in
                    defer { state.problem = problem }
                    return state.problem != problem
                }
                if isNew { logger.warning("not ready", [.error: problem ?? ""]) }
                stop.wait(milliseconds: Self.askEveryMilliseconds)
            }
        }
        state.withLock { $0.thread = thread }
    }

    /// Waits for the end of the thread; call after raising the stop signal.
    /// - Returns: whether it had opened.
    public func close() -> Bool {
        state.withLock { $0.thread }?.join()
        return state.withLock { $0.problem == nil }
    }

    private func ask() -> String? {
        do {
            let connection = try PostgresConnection.connect(database, logger: logger)
            defer { connection.close() }
            guard let missing = try SchemaVersion.firstMissing(connection, newest: newest) else { return nil }
            return "migration \(missing) is missing"
        } catch {
            return "\(error)"
        }
    }
}
