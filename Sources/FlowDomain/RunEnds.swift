// SPDX-License-Identifier: Apache-2.0

/// The ends of a flow's runs, counted once each in whatever order their events come and however often.
///
/// Runs of a flow are ordered by when they were queued. The latest `limit` ends are kept one by one; those before are
/// settled: of them only the counts are left and the last run they cover. So the rule is exact as long as fewer than
/// `limit` later runs have ended before an end comes for the first time; one that comes later still is not counted.
/// (A flow has one run at a time: an end overtaken by one later end is rare, by eight it takes a lost outbox message.)
public struct RunEnds: Sendable, Equatable {
    /// How many ends are kept one by one.
    public static let limit = 8

    /// A run's place among the runs of its flow.
    public struct Place: Sendable, Equatable, Comparable {
        public let queuedAt: Int64
        public let runID: String

        public init(queuedAt: Int64, runID: String) {
            self.queuedAt = queuedAt
            self.runID = runID
        }

        public static func < (left: Place, right: Place) -> Bool {
            (left.queuedAt, left.runID) < (right.queuedAt, right.runID)
        }
    }

    private struct End: Sendable, Equatable {
        let place: Place
        let kind: RunEvent.Kind
    }

    /// Whatever was queued no later has been counted; nil when nothing was settled yet.
    public private(set) var settled: Place?
    /// Failures in a row up to there.
    public private(set) var settledFailures: Int64
    /// In queue order.
    private var recent: [End]
    /// All ends that were counted.
    public private(set) var total: Int64

    public init() {
        settled = nil
        settledFailures = 0
        recent = []
        total = 0
    }

    /// As stored. What cannot be read of the recent ones is left out.
    public init(recent text: String, settled: Place?, settledFailures: Int64, total: Int64) {
        self.settled = settled
        self.settledFailures = settledFailures
        self.total = total
        recent = text.split(separator: ",").compactMap { entry in
            let parts = entry.split(separator: " ")
            guard parts.count == 3, let queuedAt = Int64(parts[0]), let kind = Self.kind(parts[2]) else { return nil }
            return End(place: Place(queuedAt: queuedAt, runID: String(parts[1])), kind: kind)
        }
    }

    /// The recent ends, for the store.
    public var recentText: String {
        recent.map { "\($0.place.queuedAt) \($0.place.runID) \(Self.letter($0.kind))" }.joined(separator: ",")
    }

    /// Runs that ended in error since the last success, in queue order; cancelled runs count as neither.
    public var failuresInARow: Int64 { recent.reduce(settledFailures) { Self.following($0, $1.kind) } }

    /// Counts an end; false when it was counted before or comes too late. Other events than ends are not for here.
    public mutating func count(_ event: RunEvent) -> Bool {
        let place = Place(queuedAt: event.queuedAt, runID: event.runID)
        guard event.kind.isEnd, settled.map({ place > $0 }) ?? true else { return false }
        let index = recent.firstIndex { $0.place >= place } ?? recent.count
        if index < recent.count && recent[index].place == place { return false }
        recent.insert(End(place: place, kind: event.kind), at: index)
        total += 1
        while recent.count > Self.limit {
            let oldest = recent.removeFirst()
            settledFailures = Self.following(settledFailures, oldest.kind)
            settled = oldest.place
        }
        return true
    }

    private static func following(_ failures: Int64, _ kind: RunEvent.Kind) -> Int64 {
        switch kind {
        case .succeeded: 0
        case .failed: failures + 1
        case .cancelled, .started, .progress: failures
        }
    }

    private static func letter(_ kind: RunEvent.Kind) -> String {
        switch kind {
        case .succeeded: "s"
        case .failed: "f"
        case .cancelled, .started, .progress: "c"
        }
    }

    private static func kind(_ letter: Substring) -> RunEvent.Kind? {
        switch letter {
        case "s": .succeeded
        case "f": .failed
        case "c": .cancelled
        default: nil
        }
    }
}
