// SPDX-License-Identifier: Apache-2.0

/// When to try to connect again: the circuit breaker of a pool. Doubles from 50 to 500 ms, with jitter so that
/// several processes do not return together; shorter than the pool's patience, so that everyone who waits has seen an
/// attempt. Times are monotonic milliseconds.
struct ConnectBackoff {
    private static let first = 50
    private static let last = 500

    private var failures = 0
    /// No attempt before this moment.
    private(set) var nextAttempt = 0
    /// Why the last attempt failed; nil after a success.
    private(set) var lastFailure: PostgresError?

    mutating func failed(_ error: PostgresError, now: Int, jitter: Double = .random(in: 0.5...1)) {
        let delay = min(Self.last, Self.first << min(failures, 10))
        failures += 1
        nextAttempt = now + Int(Double(delay) * jitter)
        lastFailure = error
    }

    mutating func succeeded() {
        failures = 0
        nextAttempt = 0
        lastFailure = nil
    }
}
