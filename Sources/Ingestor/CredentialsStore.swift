// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Observability
import RoleSupport
import Synchronization

/// The keys and tokens that may call. Follows the credentials file: within about a second of a change all of them are
/// exchanged at once; a file that cannot be used changes nothing. Thread-safe.
final class CredentialsStore: Sendable {
    private struct State {
        var file: CredentialsFile
        /// Of the bytes that `file` was made from.
        var digest: [UInt8]
        /// Of other bytes, seen once: a file may be caught half written.
        var candidate: [UInt8]?
        /// Why the file is of no use now; reported once.
        var problem: CredentialsFileError?
    }

    private static let intervalMilliseconds = 500

    private let path: String
    private let defaultAccount: String
    private let logger: Logger
    private let reloads: Counter
    private let state: Mutex<State>

    /// - Parameter reloads: counts changes of the file by `result`: `ok` or `refused`.
    /// - Throws: `CredentialsFileError` when the file is of no use.
    init(path: String, defaultAccount: String, logger: Logger, reloads: Counter) throws(CredentialsFileError) {
        self.path = path
        self.defaultAccount = defaultAccount
        self.logger = logger
        self.reloads = reloads
        let bytes = try CredentialsFile.contents(path: path)
        let file = try CredentialsFile(bytes: bytes, defaultAccount: defaultAccount)
        state = Mutex(State(file: file, digest: SHA256.hash(bytes)))
    }

    var current: CredentialsFile { state.withLock { $0.file } }

    /// Keys and tokens together.
    var count: Int { state.withLock { $0.file.principals.count + $0.file.bearerTokens.count } }

    /// Follows the file; runs until the stop signal, on a thread of its own.
    func run(until stop: StopSignal) {
        while !stop.wait(milliseconds: Self.intervalMilliseconds) { refresh() }
    }

    /// Looks at the file once. New content counts when it is found a second time: so nobody's half-written file does.
    func refresh() {
        do throws(CredentialsFileError) {
            // Its bytes tell what times and inodes may not: two writes within one tick of the clock.
            let bytes = try CredentialsFile.contents(path: path)
            let digest = SHA256.hash(bytes)
            let isSettled = state.withLock { state in
                if digest == state.digest {
                    state.candidate = nil
                    state.problem = nil
                    return false
                }
                defer { state.candidate = digest }
                return state.candidate == digest
            }
            guard isSettled else { return }
            let file = try CredentialsFile(bytes: bytes, defaultAccount: defaultAccount)
            state.withLock { $0 = State(file: file, digest: digest) }
            reloads.increment(by: 1, ["ok"])
            logger.info("credentials file taken over", [.path: path, .count: String(count)])
        } catch {
            let isNew = state.withLock { state in
                defer { state.problem = error }
                return state.problem != error
            }
            guard isNew else { return }
            reloads.increment(by: 1, ["refused"])
            logger.error(
                "credentials file cannot be used; the keys before it stay in force",
                [.path: path, .error: "\(error)"])
        }
    }
}
