// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The stretch of input that records are cut from: gathers chunks up to a target size, keeps an unfinished record for
/// the next round, and doubles when not even one record fits. When it is full depends only on the position in the
/// stream, so that batches never depend on how the input was cut into chunks. Owns its memory; one thread.
final class InputWindow {
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int
    private var target: Int
    private let limits: ParserLimits

    init(_ limits: ParserLimits) {
        self.limits = limits
        target = min(limits.windowBytes, limits.maximumRecordBytes + 2)
        capacity = target
        bytes = .allocate(capacity: target + RecordBatch.arenaSlack + 8)
    }

    deinit { bytes.deallocate() }

    /// Room in bytes before the window is full.
    var room: Int { target - count }

    func reset() {
        count = 0
        target = min(limits.windowBytes, limits.maximumRecordBytes + 2)
    }

    func append(_ source: UnsafeRawPointer, _ length: Int) {
        memcpy(bytes + count, source, length)
        count += length
    }

    /// Zeroes the slack, so that loops which read whole words past the end meet defined bytes.
    func seal() { memset(bytes + count, 0, RecordBatch.arenaSlack) }

    /// Ends the last line of the input, for the byte of which there is always room.
    func terminateLine() {
        bytes[count] = 0x0A
        count += 1
        seal()
    }

    /// Drops the first `length` bytes and sets the next target. False: the window holds more than the longest record
    /// may have, and no record could be cut from it.
    func discard(_ length: Int) -> Bool {
        count -= length
        if length > 0 { memmove(bytes, bytes + length, count) }
        if length == 0, count > limits.maximumRecordBytes + 1 { return false }
        var next = min(limits.windowBytes, limits.maximumRecordBytes + 2)
        if length == 0 || count * 2 > next { next = min(max(next, count * 2), limits.maximumRecordBytes + 2) }
        target = max(next, count + 1)
        if target > capacity { grow() }
        return true
    }

    private func grow() {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: target + RecordBatch.arenaSlack + 8)
        memcpy(larger, bytes, count)
        bytes.deallocate()
        bytes = larger
        capacity = target
    }
}
