// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// All accepted sockets, and the enforcement of their deadlines. Thread-safe.
///
/// The library announces a socket's end before it closes it, and `remove` waits for a running sweep: a descriptor in
/// the table is never one that was closed and given to somebody else.
final class ConnectionTable: Sendable {
    private struct State {
        var connections: [Int32: ClientConnection] = [:]
        var cutOff = 0
    }

    private let state = Mutex(State())
    private let timeoutBytes = Refusal.requestTimeout.wireBytes

    var count: Int { state.withLock { $0.connections.count } }

    /// How many connections were overdue so far.
    var cutOffCount: Int { state.withLock { $0.cutOff } }

    func add(_ connection: ClientConnection) {
        state.withLock { $0.connections[connection.descriptor] = connection }
    }

    func remove(_ connection: ClientConnection) {
        state.withLock { state in
            if state.connections[connection.descriptor] === connection {
                state.connections[connection.descriptor] = nil
            }
        }
    }

    /// Ends both directions of every connection; what was handed to the system is still delivered.
    /// - Returns: how many there are.
    func hangUp() -> Int {
        state.withLock { state in
            for connection in state.connections.values { connection.cutOff(discarding: false) }
            return state.connections.count
        }
    }

    /// Cuts off all connections that are overdue.
    /// - Parameter now: in milliseconds of `MonotonicClock`.
    func sweep(now: Int) {
        state.withLock { state in
            for connection in state.connections.values {
                guard let phase = connection.condemnIfOverdue(now: now) else { continue }
                state.cutOff += 1
                // A request has begun or was to be expected: say why it ends. Best effort, the client may be gone.
                if phase == .opening || phase == .receiving { _ = connection.send(timeoutBytes) }
                connection.cutOff(discarding: phase == .sending)
            }
        }
    }
}
