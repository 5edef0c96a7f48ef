// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Threading

/// Counts the exchanges under way and holds the suspended ones, so that a shutdown can end them all: stopping the
/// library with a suspended connection aborts the process. Thread-safe.
///
///     admit ─▶ with handler ─▶ settled ─▶ complete
///                        └───▶ suspended ─▶ resumed ─▶ complete
final class ExchangeLedger: Sendable {
    enum Stage: Int, Comparable {
        case open
        /// New requests are refused, those under way go on.
        case draining
        /// Nothing may be suspended any more.
        case closing

        static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    private struct State {
        var stage = Stage.open
        /// Admitted, not complete.
        var active = 0
        /// The handler has not returned.
        var withHandler = 0
        var suspended: [ObjectIdentifier: Transaction] = [:]
        var admitted = 0
    }

    private let state = Mutex(State())
    private let changes = Mailbox<Void>(capacity: 1)

    var activeCount: Int { state.withLock { $0.active } }
    var suspendedCount: Int { state.withLock { $0.suspended.count } }
    var admittedCount: Int { state.withLock { $0.admitted } }

    /// Whether no further request is taken.
    var isDraining: Bool { state.withLock { $0.stage > .open } }

    /// Lets an exchange begin; false when the server is shutting down.
    func admit() -> Bool {
        state.withLock { state in
            guard state.stage == .open else { return false }
            state.active += 1
            state.withHandler += 1
            state.admitted += 1
            return true
        }
    }

    /// The handler has returned and the connection was not suspended.
    func settled() {
        update { $0.withHandler -= 1 }
    }

    /// The handler has returned; suspends the connection unless it is too late for that.
    func suspend(_ transaction: Transaction, _ suspendConnection: () -> Void) -> Bool {
        update { state in
            state.withHandler -= 1
            guard state.stage < .closing else { return false }
            suspendConnection()
            state.suspended[ObjectIdentifier(transaction)] = transaction
            return true
        }
    }

    /// The library has taken up the connection again.
    func resumed(_ transaction: Transaction) {
        update { $0.suspended[ObjectIdentifier(transaction)] = nil }
    }

    /// The response was sent, or the connection lost.
    func complete() {
        update { $0.active -= 1 }
    }

    /// Refuses new exchanges, and waits until all others are complete; false when the time is over.
    /// - Parameter deadline: in milliseconds of `MonotonicClock`.
    func drain(deadline: Int) -> Bool {
        state.withLock { $0.stage = max($0.stage, .draining) }
        return wait(deadline: deadline) { $0.active == 0 }
    }

    /// Forbids to suspend and hands out what is suspended, to be answered now.
    func close() -> [Transaction] {
        state.withLock { state in
            state.stage = .closing
            return Array(state.suspended.values)
        }
    }

    /// Waits until the library holds no suspended connection and may be stopped; false when the time is over.
    func waitUntilStoppable(deadline: Int) -> Bool {
        wait(deadline: deadline) { $0.suspended.isEmpty && $0.withHandler == 0 }
    }

    private func wait(deadline: Int, _ condition: @Sendable (State) -> Bool) -> Bool {
        while !state.withLock({ condition($0) }) {
            let left = deadline - MonotonicClock.milliseconds
            guard left > 0 else { return false }
            _ = changes.take(timeoutMilliseconds: left)
        }
        return true
    }

    private func update<Outcome: Sendable>(_ body: (inout State) -> Outcome) -> Outcome {
        let (outcome, isWaiting) = state.withLock { state in
            (body(&state), state.stage > .open)
        }
        if isWaiting { _ = changes.offer(()) }
        return outcome
    }
}
