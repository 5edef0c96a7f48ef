// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import HTTPServer
import Synchronization
import Threading

/// A command whose client waits.
struct PendingCommand: Sendable {
    let command: Command
    let exchange: HTTPExchange
    /// Monotonic milliseconds.
    let since: Int
    let deadline: Int
    /// Monotonic milliseconds: when the row of its outcome was last looked for.
    var lookedUpAt: Int? = nil
    /// Answers in place of the outcome, for a client that does not want to wait.
    var resource: CommandResource? = nil
}

/// The commands whose outcomes are awaited. A suspended connection each, and no thread. Thread-safe.
final class PendingCommands: Sendable {
    private let table = Mutex<[String: PendingCommand]>([:])
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func contains(_ id: String) -> Bool { table.withLock { $0[id] != nil } }

    var count: Int { table.withLock { $0.count } }

    /// False when too many wait already.
    func add(_ pending: PendingCommand) -> Bool {
        table.withLock { table in
            if table.count >= limit { return false }
            table[pending.command.id] = pending
            return true
        }
    }

    /// Takes a command out, for whoever answers it; nil when somebody else has.
    func remove(_ id: String) -> PendingCommand? { table.withLock { $0.removeValue(forKey: id) } }

    /// Takes out those whose deadline has passed.
    func removeExpired(now: Int) -> [PendingCommand] {
        table.withLock { table in
            let expired = table.values.filter { $0.deadline <= now }
            for pending in expired { table[pending.command.id] = nil }
            return expired
        }
    }

    /// Those that have waited for long and were not looked for within the last second: their outcome may be lost.
    func takeOverdue(now: Int, olderThanMilliseconds age: Int, limit: Int) -> [PendingCommand] {
        table.withLock { table in
            var overdue: [PendingCommand] = []
            for (id, pending) in table where now - pending.since >= age {
                if overdue.count == limit { break }
                if let before = pending.lookedUpAt, now - before < 1_000 { continue }
                table[id]?.lookedUpAt = now
                overdue.append(pending)
            }
            return overdue
        }
    }
}
