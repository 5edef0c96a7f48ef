// SPDX-License-Identifier: Apache-2.0
import Threading

/// How long to wait for a server: until a fixed moment, or as long as it keeps moving. All times are monotonic
/// milliseconds.
struct Patience {
    /// Never later than this.
    private let limit: Int
    /// Allowed without any progress.
    private let stall: Int
    private(set) var expiry: Int
    /// The server was asked to stop; its answer to that is all that is still awaited.
    private(set) var isCancelled = false

    init(limitMilliseconds: Int?, stallMilliseconds: Int?, now: Int = MonotonicClock.milliseconds) {
        limit = limitMilliseconds.map { now + max(0, min($0, Self.longest)) } ?? .max
        stall = min(stallMilliseconds ?? Self.longest, Self.longest)
        expiry = min(limit, now + stall)
    }

    /// Far away, yet safe to add to a moment.
    private static let longest = Int.max / 4

    mutating func progressed(now: Int) {
        if !isCancelled { expiry = min(limit, now + stall) }
    }

    mutating func cancelled(now: Int, marginMilliseconds: Int) {
        isCancelled = true
        expiry = now + marginMilliseconds
    }
}
