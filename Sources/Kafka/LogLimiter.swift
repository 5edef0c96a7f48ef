// SPDX-License-Identifier: Apache-2.0
import Observability
import Synchronization
import Threading

/// Lets one line per topic of complaint through every half minute: a broker that is down for an hour fills no disk.
/// Thread-safe.
final class LogLimiter: Sendable {
    private struct Entry {
        var next: Int
        var suppressed: Int
    }

    private let logger: Logger
    private let interval: Int
    private let entries = Mutex<[String: Entry]>([:])

    init(_ logger: Logger, intervalMilliseconds: Int = 30_000) {
        self.logger = logger
        interval = intervalMilliseconds
    }

    /// Logs a warning unless one of the same `subject` (from a small set) was logged a moment ago; `count` then tells how
    /// many were left out.
    func warn(_ subject: String, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogKey: String]) {
        guard logger.level <= .warning else { return }
        let now = MonotonicClock.milliseconds
        let suppressed = entries.withLock { entries -> Int? in
            if var entry = entries[subject], now < entry.next {
                entry.suppressed += 1
                entries[subject] = entry
                return nil
            }
            let before = entries[subject]?.suppressed ?? 0
            entries[subject] = Entry(next: now + interval, suppressed: 0)
            return before
        }
        guard let suppressed else { return }
        var all = fields()
        if suppressed > 0 { all[.count] = String(suppressed) }
        logger.warning(message(), all)
    }
}
