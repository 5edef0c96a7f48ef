// SPDX-License-Identifier: Apache-2.0
import Threading

/// The database's clock as seen from this process: the clock that decides about leases and expiry. Wrong by at most half
/// of `roundTripMicroseconds`, plus drift since the sample was taken.
public struct DatabaseClock: Sendable, Equatable {
    /// What to add to the monotonic clock, in microseconds.
    public let offsetMicroseconds: Int64
    public let roundTripMicroseconds: Int64

    public init(offsetMicroseconds: Int64, roundTripMicroseconds: Int64) {
        self.offsetMicroseconds = offsetMicroseconds
        self.roundTripMicroseconds = roundTripMicroseconds
    }

    /// The database's time now, in microseconds since 1970.
    public var nowMicroseconds: Int64 { Int64(MonotonicClock.nanoseconds / 1000) + offsetMicroseconds }

    private static let statement = SQLStatement(
        "millrace_clock", "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")

    /// Asks several times and keeps the answer that came back fastest.
    public static func sample(
        _ connection: PostgresConnection, rounds: Int = 5
    ) throws(PostgresError) -> DatabaseClock {
        var best: DatabaseClock?
        for _ in 0..<max(1, rounds) {
            let asked = Int64(MonotonicClock.nanoseconds / 1000)
            let rows = try connection.execute(statement)
            let answered = Int64(MonotonicClock.nanoseconds / 1000)
            guard let time = rows.int(0, 0) else { continue }
            let roundTrip = answered - asked
            if best.map({ roundTrip < $0.roundTripMicroseconds }) ?? true {
                best = DatabaseClock(
                    offsetMicroseconds: time - (asked + roundTrip / 2), roundTripMicroseconds: roundTrip)
            }
        }
        guard let best else { throw PostgresError(kind: .permanent, message: "the database told no time") }
        return best
    }
}
