// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The completions of messages under way, keyed by the integer that travels with the message as its opaque pointer: a
/// report that never comes leaks nothing that the table cannot still call. Thread-safe.
final class CompletionTable: Sendable {
    typealias Completion = @Sendable (KafkaError?) -> Void

    private struct State {
        var slots: [Completion?] = []
        var free: [Int] = []
    }

    private let state = Mutex(State())

    /// Stores a completion; the key is never 0.
    func insert(_ completion: @escaping Completion) -> Int {
        state.withLock { state in
            if let index = state.free.popLast() {
                state.slots[index] = completion
                return index + 1
            }
            state.slots.append(completion)
            return state.slots.count
        }
    }

    /// Removes a completion so that it is called at most once; nil when somebody else took it.
    func take(_ key: Int) -> Completion? {
        state.withLock { state in
            let index = key - 1
            guard state.slots.indices.contains(index), let completion = state.slots[index] else { return nil }
            state.slots[index] = nil
            state.free.append(index)
            return completion
        }
    }

    /// Removes all completions.
    func takeAll() -> [Completion] {
        state.withLock { state in
            let all = state.slots.compactMap { $0 }
            state = State()
            return all
        }
    }

    /// Number of messages under way.
    var count: Int { state.withLock { $0.slots.count - $0.free.count } }
}
