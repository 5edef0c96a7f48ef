// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import FlowStore
import Observability
import PostgreSQL
import RoleSupport
import Synchronization

/// What an instance learns from the database and then uses on every request: the shared key and the database's clock.
final class SharedState: Sendable {
    private struct State {
        var secret: String?
        var clock: DatabaseClock?
        var problem: String? = "not connected yet"
    }

    private static let sampleEveryMilliseconds = 2_000

    private let state = Mutex(State())
    private let database: PostgresConfiguration
    private let logger: Logger
    private let stop: StopSignal

    init(database: PostgresConfiguration, logger: Logger, stop: StopSignal) {
        self.database = database
        self.logger = logger
        self.stop = stop
    }

    /// Why the database is of no use now; nil when it is.
    var problem: String? { state.withLock { $0.problem } }

    /// Microseconds since 1970 by the database's clock.
    func databaseNow() throws(APIError) -> Int64 {
        guard let clock = state.withLock({ $0.clock }) else { throw Self.unavailable }
        return clock.nowMicroseconds
    }

    func pageToken() throws(APIError) -> PageToken { PageToken(secret: try secret()) }

    /// A keyed digest of a request, so that nothing of it can be read or guessed from the store.
    func digest(_ request: [UInt8]) throws(APIError) -> String {
        Hex.encode(HMACSHA256.authenticate(key: Array(try secret().utf8), message: request))
    }

    /// The same for a request with secrets, which may be weak. The key lies in the store beside the digests, so that
    /// guesses could be tried on a copy of it: each of them costs what `Scrypt` does, for each request anew.
    /// - Parameter subject: what it is compared with other digests of.
    func slowDigest(_ request: [UInt8], of subject: String) throws(APIError) -> String {
        let key = Array(try secret().utf8)
        let salt = HMACSHA256.authenticate(key: key, message: Array("salt of secrets: \(subject)".utf8))
        guard let stretched = Scrypt.derive(password: request, salt: salt, length: SHA256.digestLength) else {
            throw .busy
        }
        return Hex.encode(HMACSHA256.authenticate(key: key, message: stretched))
    }

    private func secret() throws(APIError) -> String {
        guard let secret = state.withLock({ $0.secret }) else { throw Self.unavailable }
        return secret
    }

    private static let unavailable = APIError.unavailable(
        "The flow store cannot be reached. Please try again.", retryAfterSeconds: 2)

    /// Keeps the clock and the connection's health; runs until the stop signal, on a thread of its own.
    func run() {
        var connection: PostgresConnection?
        while !stop.isRaised {
            do {
                let current = try connection ?? PostgresConnection.connect(database, logger: logger)
                connection = current
                let clock = try DatabaseClock.sample(current, rounds: 3)
                let known = state.withLock { $0.secret }
                let secret = try known ?? FlowReader(current).serviceKey("tokens")
                state.withLock {
                    $0.clock = clock
                    $0.secret = secret
                    $0.problem = secret == nil ? "the migrations have not been applied" : nil
                }
                stop.wait(milliseconds: secret == nil ? 200 : Self.sampleEveryMilliseconds)
            } catch {
                connection?.close()
                connection = nil
                state.withLock { $0.problem = "\(error)" }
                stop.wait(milliseconds: 300)
            }
        }
        connection?.close()
    }
}
