// SPDX-License-Identifier: Apache-2.0
import Glibc
import PostgreSQL
import Synchronization
import Threading

/// The database's time, for what a worker writes down. Nothing is decided by it: leases count on the database itself.
final class WorkerClock: Sendable {
    private struct State {
        var clock: DatabaseClock?
        var sampledAt = 0
    }

    private static let everyMilliseconds = 5_000
    private let state = Mutex(State())

    /// Microseconds since 1970: by the database's clock, by this machine's until that was asked once.
    var nowMicroseconds: Int64 {
        if let clock = state.withLock({ $0.clock }) { return clock.nowMicroseconds }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }

    func refresh(_ connection: PostgresConnection) throws {
        let now = MonotonicClock.milliseconds
        let isDue = state.withLock { $0.clock == nil || now - $0.sampledAt >= Self.everyMilliseconds }
        if !isDue { return }
        let sample = try DatabaseClock.sample(connection, rounds: 3)
        state.withLock {
            $0.clock = sample
            $0.sampledAt = now
        }
    }
}
