// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Threading

/// A program that runs beside us. It inherits no descriptors, no signal settings and only the given environment, and
/// outlives us unless stopped. Thread-safe; nobody else may reap our children.
public final class ChildProcess: Sendable {
    /// Where standard output and standard error go.
    public enum Output: Sendable, Equatable {
        case inherit
        case discard
        /// Created for the owner only when missing.
        case append(path: String)
    }

    /// How a process ended.
    public enum Exit: Sendable, Equatable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        public var description: String {
            switch self {
            case .code(let code): "code \(code)"
            case .signal(let signal): "signal \(signal)"
            }
        }
    }

    public let processID: Int32
    private let state = Mutex<Exit?>(nil)
    /// Closed at the end of the process.
    private let ended = Mailbox<Void>(capacity: 1)

    /// Enough for system programs, and no surprises.
    public static let plainEnvironment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
    ]

    /// - Parameters:
    ///   - executable: an absolute path.
    ///   - inheriting: a descriptor that the child sees as number 3.
    ///   - hasOwnSession: keeps the terminal's signals away from it.
    public convenience init(
        _ executable: String, _ arguments: [String], environment: [String: String] = ChildProcess.plainEnvironment,
        workingDirectory: String = "/", output: Output = .inherit, inheriting: Int32? = nil,
        hasOwnSession: Bool = true
    ) throws(LocalServiceError) {
        var settings = SpawnSettings()
        settings.workingDirectory = workingDirectory
        settings.hasOwnSession = hasOwnSession
        var log: Int32 = -1
        switch output {
        case .inherit: settings.descriptors = [nil, 1, 2]
        case .discard: break
        case .append(let path):
            log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
            guard log >= 0 else { throw LocalServiceError.fileSystem("cannot write \(path)") }
            settings.descriptors = [nil, log, log]
        }
        defer { if log >= 0 { Glibc.close(log) } }
        if let inheriting { settings.descriptors.append(inheriting) }
        try self.init(executable, arguments, environment: environment, settings: settings)
    }

    init(
        _ executable: String, _ arguments: [String], environment: [String: String], settings: SpawnSettings
    ) throws(LocalServiceError) {
        processID = try settings.spawn(executable, arguments, environment)
        // Keeps itself alive until the process has ended, so that no zombie stays.
        _ = NamedThread("child-\(processID)", stackSize: 128 * 1024) { self.awaitEnd() }
    }

    /// How it ended; nil while it runs.
    public var exit: Exit? { state.withLock { $0 } }

    public var isRunning: Bool { exit == nil }

    /// Waits for the end of the process; nil when it still runs after the time (negative: for ever).
    public func wait(timeoutMilliseconds: Int = -1) -> Exit? {
        // Nothing is ever put in: it returns when closed or when the time is up.
        _ = ended.take(timeoutMilliseconds: timeoutMilliseconds)
        return exit
    }

    /// Sends a signal unless the process has ended.
    public func signal(_ number: Int32) {
        // Reaping happens under the lock too, so that the number cannot belong to someone else by now.
        state.withLock { exit in
            if exit == nil { kill(processID, number) }
        }
    }

    /// SIGTERM, and SIGKILL after the time.
    public func terminate(timeoutMilliseconds: Int) -> Exit? {
        signal(SIGTERM)
        if let exit = wait(timeoutMilliseconds: timeoutMilliseconds) { return exit }
        signal(SIGKILL)
        return wait()
    }

    private func awaitEnd() {
        var information = siginfo_t()
        // WNOWAIT leaves it unreaped until we hold the lock.
        while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        state.withLock { exit in
            var status: Int32 = 0
            var reaped: pid_t
            repeat { reaped = waitpid(processID, &status, 0) } while reaped < 0 && errno == EINTR
            // Somebody else has reaped it: then its end is not known.
            guard reaped == processID else {
                exit = .code(-1)
                return
            }
            let signal = status & 0x7f
            exit = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
        }
        ended.close()
    }
}
