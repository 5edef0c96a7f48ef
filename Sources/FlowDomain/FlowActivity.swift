// SPDX-License-Identifier: Apache-2.0

/// What its runs have done to a flow: the source of `lastRunExecutionDetails` and of deactivation after failures.
public struct FlowActivity: Sendable, Equatable {
    public var lastRun: String?
    public var lastRunQueuedAt: Int64
    public var lastRunAt: Int64
    public var lastRunState: RunState?
    public var lastRunMessage: String
    public var lastRunAttempt: Int64
    public var lastRunSequence: Int64
    /// Runs that ended in error since the last success; cancelled runs count as neither.
    public var consecutiveFailures: Int64
    public var runsEnded: Int64

    public init() {
        lastRun = nil
        lastRunQueuedAt = 0
        lastRunAt = 0
        lastRunState = nil
        lastRunMessage = ""
        lastRunAttempt = 0
        lastRunSequence = 0
        consecutiveFailures = 0
        runsEnded = 0
    }

    /// Takes an event in; false, with nothing changed, when it is a duplicate or older than what is known: events may
    /// come twice and out of order.
    public mutating func apply(_ event: RunEvent) -> Bool {
        if event.runID == lastRun {
            let known = (lastRunAttempt, lastRunSequence)
            if (event.attempt, event.sequence) <= known { return false }
            if lastRunState?.isFinal == true { return false }
        } else if (event.queuedAt, event.runID) <= (lastRunQueuedAt, lastRun ?? "") {
            return false
        }
        lastRun = event.runID
        lastRunQueuedAt = event.queuedAt
        lastRunAt = event.occurredAt
        lastRunState = event.kind.state
        lastRunMessage = event.message
        lastRunAttempt = event.attempt
        lastRunSequence = event.sequence
        switch event.kind {
        case .succeeded: consecutiveFailures = 0
        case .failed: consecutiveFailures += 1
        case .cancelled, .started, .progress: break
        }
        if event.kind.isEnd { runsEnded += 1 }
        return true
    }
}
