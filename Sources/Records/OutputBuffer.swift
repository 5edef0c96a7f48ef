// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Bytes that writers append to and their owner takes away. Keeps its memory from one taking to the next. One thread.
public final class OutputBuffer {
    private(set) var base: UnsafeMutablePointer<UInt8>
    /// Bytes written and not yet taken.
    public private(set) var count = 0
    private var capacity: Int
    /// What `reserve` adds, so that loops may write whole words.
    static let slack = 32
    private static let keptCapacity = 16 << 20

    public init(capacity: Int = 1 << 20) {
        self.capacity = max(64, capacity)
        base = .allocate(capacity: self.capacity + Self.slack)
    }

    deinit { base.deallocate() }

    /// The end of what is written, with room for `bytes` and the slack.
    @inline(__always)
    func reserve(_ bytes: Int) -> UnsafeMutablePointer<UInt8> {
        if bytes > capacity &- count { grow(bytes) }
        return base + count
    }

    @inline(__always)
    func commit(_ end: UnsafeMutablePointer<UInt8>) { count = end - base }

    private func grow(_ bytes: Int) {
        let needed = max(capacity * 2, count + bytes)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: needed + Self.slack)
        memcpy(larger, base, count)
        base.deallocate()
        base = larger
        capacity = needed
    }

    /// The bytes in place, to be used only inside `body`.
    public func withBytes<T, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Forgets what is written.
    public func clear() {
        count = 0
        guard capacity > Self.keptCapacity else { return }
        base.deallocate()
        capacity = 1 << 20
        base = .allocate(capacity: capacity + Self.slack)
    }

    /// The bytes as an array; the buffer is empty then.
    public func take() -> [UInt8] {
        let bytes = Array(UnsafeBufferPointer(start: base, count: count))
        clear()
        return bytes
    }
}
