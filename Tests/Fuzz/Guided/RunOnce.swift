// SPDX-License-Identifier: Apache-2.0
import FuzzTargets
import Glibc

// nonisolated(unsafe): set before the fuzzer starts, which runs on that same thread.
nonisolated(unsafe) var chosenTarget = FuzzTarget.decoder

/// Writes a line to standard error.
func say(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(2, line, line.count)
}

/// What libFuzzer calls with each input. It keeps the input that a process died of.
func runOnce(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    if let violation = chosenTarget.violation(Array(UnsafeBufferPointer(start: data, count: size))) {
        say("\(chosenTarget.rawValue): \(violation)")
        abort()
    }
    return 0
}
