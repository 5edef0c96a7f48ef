// SPDX-License-Identifier: Apache-2.0

/// The states of a run (DESIGN: Runs). `Queued` becomes `InProgress` when a worker claims it and returns when an attempt
/// failed and another is allowed; `CancelStarted` only goes on to an end.
public enum RunState: String, Sendable, CaseIterable {
    case queued = "Queued"
    case inProgress = "InProgress"
    case cancelStarted = "CancelStarted"
    case successful = "Successful"
    case error = "Error"
    case canceled = "Canceled"

    /// The state's name in AppFlow's `ExecutionStatus`, which knows no queue.
    public var wireName: String { self == .queued ? RunState.inProgress.rawValue : rawValue }

    public var isFinal: Bool { self == .successful || self == .error || self == .canceled }

    /// Whether a run may go from this state straight to the other.
    public func canBecome(_ next: RunState) -> Bool {
        switch (self, next) {
        case (.queued, .inProgress), (.queued, .canceled), (.queued, .error),
            (.inProgress, .queued), (.inProgress, .cancelStarted),
            (.inProgress, .successful), (.inProgress, .error), (.inProgress, .canceled),
            // A cancel that comes after the manifest is too late, and one that meets a failure ends as that failure.
            (.cancelStarted, .canceled), (.cancelStarted, .successful), (.cancelStarted, .error),
            // A lease that ran out under a cancel is claimed again to be ended.
            (.cancelStarted, .cancelStarted), (.inProgress, .inProgress):
            true
        default:
            false
        }
    }
}

/// How far a run has come, in records and bytes of the source and bytes of the destination.
public struct RunFigures: Sendable, Equatable {
    public var records: Int64
    public var bytesRead: Int64
    public var bytesWritten: Int64

    public init(records: Int64 = 0, bytesRead: Int64 = 0, bytesWritten: Int64 = 0) {
        self.records = records
        self.bytesRead = bytesRead
        self.bytesWritten = bytesWritten
    }
}
