// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FlowStore
import Synchronization
import Threading

/// A claimed run in this process: what its slot, the lease keeper and the object stores share. Thread-safe.
final class RunHandle: Sendable {
    enum Phase: UInt8, AtomicRepresentable {
        /// Claimed, waiting for a slot.
        case waiting
        /// In a slot.
        case executing
        /// Given back before a slot took it.
        case returned
    }

    let run: ClaimedRun
    /// Monotonic milliseconds.
    let claimedAt: Int

    private let phase = Atomic<Phase>(.waiting)
    private let cancelled = Atomic<Bool>(false)
    private let lost = Atomic<Bool>(false)
    private let yielding = Atomic<Bool>(false)
    private let trustedUntil: Atomic<Int>
    private let records = Atomic<Int64>(0)
    private let bytesRead = Atomic<Int64>(0)
    private let bytesWritten = Atomic<Int64>(0)

    /// - Parameter trustedUntil: monotonic milliseconds until which the lease surely holds.
    init(_ run: ClaimedRun, trustedUntil: Int) {
        self.run = run
        claimedAt = MonotonicClock.milliseconds
        self.trustedUntil = Atomic(trustedUntil)
    }

    /// Moves on from waiting; false when somebody else did.
    func enter(_ next: Phase) -> Bool {
        phase.compareExchange(expected: .waiting, desired: next, ordering: .acquiringAndReleasing).exchanged
    }

    var isWaiting: Bool { phase.load(ordering: .acquiring) == .waiting }
    var isExecuting: Bool { phase.load(ordering: .acquiring) == .executing }

    /// Someone asked to cancel the run.
    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
    /// The store says that the attempt is no longer ours.
    var isLost: Bool { lost.load(ordering: .acquiring) }
    /// The worker shuts down: the run is to be given back.
    var isYielding: Bool { yielding.load(ordering: .acquiring) }
    /// Whether the lease may have run out: then nothing more may be done in the run's name.
    var isStale: Bool { isLost || MonotonicClock.milliseconds >= trustedUntil.load(ordering: .acquiring) }
    /// Whether work on the run should end now, for any reason.
    var shouldStop: Bool { isCancelled || isYielding || isStale }

    func cancel() { cancelled.store(true, ordering: .releasing) }
    func lose() { lost.store(true, ordering: .releasing) }
    func yield() { yielding.store(true, ordering: .releasing) }
    func trust(until: Int) { trustedUntil.store(until, ordering: .releasing) }

    var figures: RunFigures {
        RunFigures(
            records: records.load(ordering: .relaxed), bytesRead: bytesRead.load(ordering: .relaxed),
            bytesWritten: bytesWritten.load(ordering: .relaxed))
    }

    func report(_ figures: RunFigures) {
        records.store(figures.records, ordering: .relaxed)
        bytesRead.store(figures.bytesRead, ordering: .relaxed)
        bytesWritten.store(figures.bytesWritten, ordering: .relaxed)
    }
}
