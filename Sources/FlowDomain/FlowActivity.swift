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
    /// How its runs ended, each counted once.
    public var ends: RunEnds

    /// Runs that ended in error since the last success, in the order in which they were queued.
    public var consecutiveFailures: Int64 { ends.failuresInARow }
    public var runsEnded: Int64 { ends.total }

    public init() {
        lastRun = nil
        lastRunQueuedAt = 0
        lastRunAt = 0
        lastRunState = nil
        lastRunMessage = ""
        lastRunAttempt = 0
        lastRunSequence = 0
        ends = RunEnds()
    }

    /// Takes an event in; false, with nothing changed, when it says nothing new: events may come twice and out of order.
    /// The end of an earlier run is counted even though it does not change what the last run is.
    public mutating func apply(_ event: RunEvent) -> Bool {
        let isCounted = ends.count(event)
        return follow(event) || isCounted
    }

    /// Keeps the last run; false when the event is older than what is known.
    private mutating func follow(_ event: RunEvent) -> Bool {
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
        return true
    }
}
