// SPDX-License-Identifier: Apache-2.0
import Glibc
public import Observability
import Synchronization
import Threading

/// A PostgreSQL server of our own, reachable through a Unix socket by its user and root only. It outlives us if we are
/// killed: the next `start` takes it over, or lets a new one recover what a dead one left. Thread-safe.
///
/// The folder holds `cluster` (PostgreSQL's data directory), `postgres.log`, and `lock`, which the server inherits.
public final class PrivatePostgres: Sendable {
    /// How a server ends.
    public enum StopMode: Sendable {
        /// Disconnects everyone and writes a checkpoint.
        case fast
        /// At once, like a crash; the next start recovers.
        case immediate
    }

    struct State {
        var folder: String?
        var account: ServiceAccount?
        var binaries: PostgresBinaries?
        var socketFolder: String?
        /// The server, if this process started it.
        var child: ChildProcess?
    }

    static let userName = "millrace"
    static let databaseName = "millrace"
    static let port = 5432

    let requestedFolder: String
    let maximumConnections: Int
    let sharedBuffers: String
    let hangMilliseconds: Int
    let searchPath: String
    let runtimeFolder: String?
    let logger: Logger
    let state = Mutex(State())
    /// Held by `start` and `stop`, which must not overlap.
    private let turn = Mutex(())

    /// - Parameters:
    ///   - dataDirectory: created if missing. As root: every folder above it must be open to other users.
    ///   - sharedBuffers: as PostgreSQL writes sizes.
    public convenience init(
        dataDirectory: String, maximumConnections: Int = 60, sharedBuffers: String = "64MB", logger: Logger
    ) {
        self.init(
            dataDirectory: dataDirectory, maximumConnections: maximumConnections, sharedBuffers: sharedBuffers,
            hangMilliseconds: 10_000, logger: logger)
    }

    /// - Parameter hangMilliseconds: a server that claims to be ready but does not answer for so long is ended.
    init(
        dataDirectory: String, maximumConnections: Int, sharedBuffers: String, hangMilliseconds: Int, logger: Logger
    ) {
        self.hangMilliseconds = hangMilliseconds
        requestedFolder = dataDirectory
        self.maximumConnections = maximumConnections
        self.sharedBuffers = sharedBuffers
        searchPath = getenv("PATH").map { String(cString: $0) } ?? ""
        runtimeFolder = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) }
        self.logger = logger
    }

    /// For libpq; only meaningful after `start`.
    public var connectionString: String {
        let host = state.withLock { $0.socketFolder ?? "" }
        var quoted = ""
        for character in host {
            if character == "'" || character == "\\" { quoted += "\\" }
            quoted.append(character)
        }
        return "host='\(quoted)' port=\(Self.port) user=\(Self.userName) dbname=\(Self.databaseName)"
    }

    /// Process id of the server; nil when it does not run.
    public var processID: Int32? {
        guard let cluster = state.withLock({ $0.folder.map { $0 + "/cluster" } }) else { return nil }
        guard let file = PostmasterFile.read(cluster: cluster), file.isAlive(cluster: cluster) else { return nil }
        return file.processID
    }

    public var isRunning: Bool { processID != nil }

    /// Returns when the server accepts connections: a running one is used again, a missing one created. Calling it
    /// again repairs whatever has died since. Recovery after a crash counts against the time.
    public func start(timeoutMilliseconds: Int = 120_000) throws(LocalServiceError) {
        let deadline = MonotonicClock.milliseconds + timeoutMilliseconds
        let result = turn.withLock { _ -> Result<Void, LocalServiceError> in
            do throws(LocalServiceError) {
                try startLocked(deadline: deadline)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Ends the server, whoever started it, and waits until it is gone; after the time it is killed.
    public func stop(mode: StopMode = .fast, timeoutMilliseconds: Int = 30_000) {
        turn.withLock { _ in
            guard let cluster = state.withLock({ $0.folder.map { $0 + "/cluster" } }) else { return }
            let signals = mode == .fast ? [SIGINT, SIGQUIT, SIGKILL] : [SIGQUIT, SIGKILL]
            for signal in signals {
                guard let file = PostmasterFile.read(cluster: cluster), file.isAlive(cluster: cluster) else { break }
                kill(file.processID, signal)
                let patience = signal == signals.first ? timeoutMilliseconds : 5_000
                let isGone = Pause.until(MonotonicClock.milliseconds + patience) { !file.isAlive(cluster: cluster) }
                if isGone { break }
            }
            let child = state.withLock { $0.child }
            if let child, child.wait(timeoutMilliseconds: 5_000) != nil { state.withLock { $0.child = nil } }
            removeSockets()
        }
    }

    /// Unless somebody is starting a server right now. A process that is just being started elsewhere holds a copy of the
    /// lock for a moment, hence the patience.
    private func removeSockets() {
        let (folder, sockets) = state.withLock { ($0.folder, $0.socketFolder) }
        guard let folder, let sockets else { return }
        _ = Pause.until(MonotonicClock.milliseconds + 1_000) {
            guard let lock = try? FolderLock.tryAcquire(folder + "/lock") else { return false }
            withExtendedLifetime(lock) { SocketFolder.remove(sockets, port: Self.port) }
            return true
        }
    }
}
