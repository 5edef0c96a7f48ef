// SPDX-License-Identifier: Apache-2.0

/// What becomes of a run whose attempt did not succeed.
public struct AttemptPolicy: Sendable, Equatable {
    /// Attempts that may fail before the run ends in error (at least 1).
    public let maximumFailures: Int
    /// Milliseconds before the second attempt; doubles with each failure.
    public let firstDelayMilliseconds: Int
    /// The longest delay in milliseconds.
    public let maximumDelayMilliseconds: Int

    public init(maximumFailures: Int, firstDelayMilliseconds: Int = 500, maximumDelayMilliseconds: Int = 60_000) {
        self.maximumFailures = max(1, maximumFailures)
        self.firstDelayMilliseconds = firstDelayMilliseconds
        self.maximumDelayMilliseconds = maximumDelayMilliseconds
    }

    public enum Decision: Sendable, Equatable {
        /// Queue the run again, not to be claimed before that many milliseconds from now.
        case retry(afterMilliseconds: Int)
        /// End the run in error with this message.
        case giveUp(message: String)
    }

    /// What is said of a failure after which no other attempt is allowed; nil where one is.
    /// - Parameters: as of `afterFailure`.
    public func finalMessage(failures: Int, reason: String) -> String? {
        guard case .giveUp(let message) = afterFailure(failures: failures, reason: reason, jitter: 0) else {
            return nil
        }
        return message
    }

    /// - Parameters:
    ///   - failures: failed attempts so far, this one included.
    ///   - reason: of the last failure, fit for a client to read.
    ///   - jitter: 0 to 1, spreads the retries of runs that failed together.
    public func afterFailure(failures: Int, reason: String, jitter: Double) -> Decision {
        if failures >= maximumFailures {
            let attempts = failures == 1 ? "1 attempt" : "\(failures) attempts"
            return .giveUp(message: "\(reason) (gave up after \(attempts))")
        }
        let doublings = min(max(failures - 1, 0), 20)
        let delay = min(firstDelayMilliseconds << doublings, maximumDelayMilliseconds)
        return .retry(afterMilliseconds: delay / 2 + Int(Double(delay / 2) * jitter))
    }
}
