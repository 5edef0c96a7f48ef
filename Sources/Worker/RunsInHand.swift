// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Threading

/// The runs this worker has claimed, and how many more it may take. Thread-safe.
final class RunsInHand: Sendable {
    private struct State {
        var handles: [String: RunHandle] = [:]
        /// Claims that are under way.
        var reserved = 0
        /// Moving average of how long a run takes, in milliseconds.
        var averageMilliseconds = 1_000.0
        var isDraining = false
    }

    /// Runs shorter than this are claimed ahead: the next is at hand when a slot becomes free.
    private static let shortMilliseconds = 100.0
    private static let readAhead = 3

    private let state = Mutex(State())
    private let slots: Int

    init(slots: Int) { self.slots = slots }

    var all: [RunHandle] { state.withLock { Array($0.handles.values) } }

    var count: Int { state.withLock { $0.handles.count } }

    /// Nothing in hand, and no claim under way that could bring something.
    var isIdle: Bool { state.withLock { $0.handles.isEmpty && $0.reserved == 0 } }

    /// How many more may be claimed now.
    var free: Int { state.withLock { free($0) } }

    private func free(_ state: State) -> Int {
        if state.isDraining { return 0 }
        // Long runs are not claimed ahead: they would wait here while other workers have nothing to do.
        let limit = state.averageMilliseconds < Self.shortMilliseconds ? slots * (1 + Self.readAhead) : slots
        return max(0, limit - state.handles.count - state.reserved)
    }

    /// Takes room for up to so many claims; answers for how many there was.
    func reserve(_ wanted: Int) -> Int {
        state.withLock { state in
            let granted = min(wanted, free(state))
            state.reserved += granted
            return granted
        }
    }

    /// Ends claims: those that got a run become runs in hand, the room of the others is free again.
    func settle(reserved: Int, _ handles: [RunHandle]) {
        state.withLock { state in
            state.reserved -= reserved
            for handle in handles { state.handles[handle.run.runID] = handle }
        }
    }

    func release(_ handle: RunHandle) {
        let took = Double(MonotonicClock.milliseconds - handle.claimedAt)
        state.withLock { state in
            if state.handles[handle.run.runID] === handle { state.handles[handle.run.runID] = nil }
            state.averageMilliseconds += (took - state.averageMilliseconds) * 0.05
        }
    }

    /// No more claims from now on.
    func drain() { state.withLock { $0.isDraining = true } }
}
