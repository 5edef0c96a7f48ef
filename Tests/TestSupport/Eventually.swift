// SPDX-License-Identifier: Apache-2.0
import Threading

/// Waits until a condition holds; false when it does not within half a minute.
public func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let pause = Mailbox<Bool>()
    let end = MonotonicClock.milliseconds + 30_000
    while MonotonicClock.milliseconds < end {
        if try condition() { return true }
        _ = pause.take(timeoutMilliseconds: 10)
    }
    return try condition()
}
