// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Time that never jumps, for deadlines and durations within one process.
public enum MonotonicClock {
    /// Milliseconds since an arbitrary moment.
    public static var milliseconds: Int { nanoseconds / 1_000_000 }

    /// Nanoseconds since an arbitrary moment.
    public static var nanoseconds: Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000_000_000 + now.tv_nsec
    }
}
