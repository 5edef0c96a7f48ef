// SPDX-License-Identifier: Apache-2.0
import Glibc
import Threading

/// Waits for what nobody announces, such as the end of a process that is not our child.
enum Pause {
    private static let stepMilliseconds: Int32 = 5

    static func step() { _ = poll(nil, 0, stepMilliseconds) }

    /// Whether the condition came true before the moment, in monotonic milliseconds.
    static func until(_ moment: Int, _ condition: () -> Bool) -> Bool {
        while !condition() {
            if MonotonicClock.milliseconds >= moment { return false }
            step()
        }
        return true
    }
}
