// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The keys that JSON records have had, each with its column, and a guess which key follows which: records mostly repeat
/// their order, so that a key is compared with one candidate and rarely looked up. Owns its memory; one thread.
final class KeyTable {
    /// One key. `name` is padded to whole words.
    struct Entry {
        var name: UnsafeMutablePointer<UInt8>
        var length: Int
        /// The column, or -1 for a key nobody wants.
        var slot: Int
        /// The entry that last followed this one, or -1.
        var next: Int
    }

    private(set) var entries: UnsafeMutablePointer<Entry>
    private(set) var count = 0
    private var capacity = 64
    private var buckets: [Int32]
    /// Entry 0 stands for the start of a record.
    static let start = 0

    init() {
        entries = .allocate(capacity: capacity)
        buckets = Array(repeating: -1, count: 256)
        _ = add(UnsafeBufferPointer(start: nil, count: 0), slot: -1, indexed: false)
    }

    deinit {
        for i in 0..<count { entries[i].name.deallocate() }
        entries.deallocate()
    }

    /// Whether the key of entry `entry` stands at `p`, with its closing quote.
    @inline(__always)
    func matches(_ entry: Int, _ p: UnsafePointer<UInt8>) -> Bool {
        let length = entries[entry].length
        if p[length] != 0x22 { return false }
        let name = UnsafePointer(entries[entry].name)
        var i = 0
        while i &+ 8 <= length {
            if loadWord(p + i) != loadWord(name + i) { return false }
            i &+= 8
        }
        let rest = length &- i
        if rest == 0 { return true }
        return (loadWord(p + i) ^ loadWord(name + i)) << (64 &- UInt64(truncatingIfNeeded: rest) &* 8) == 0
    }

    func find(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
        var bucket = hash(name) & (buckets.count - 1)
        while buckets[bucket] >= 0 {
            let entry = entries[Int(buckets[bucket])]
            if entry.length == name.count,
                UnsafeBufferPointer(start: entry.name, count: entry.length).elementsEqual(name)
            {
                return Int(buckets[bucket])
            }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        return nil
    }

    func add(_ name: UnsafeBufferPointer<UInt8>, slot: Int) -> Int { add(name, slot: slot, indexed: true) }

    private func add(_ name: UnsafeBufferPointer<UInt8>, slot: Int, indexed: Bool) -> Int {
        if count == capacity {
            let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
            larger.update(from: entries, count: count)
            entries.deallocate()
            entries = larger
            capacity *= 2
        }
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: name.count + 16)
        memset(copy, 0, name.count + 16)
        if let source = name.baseAddress { memcpy(copy, source, name.count) }
        entries[count] = Entry(name: copy, length: name.count, slot: slot, next: -1)
        count += 1
        if indexed {
            if count * 2 > buckets.count { rehash() } else { insert(count - 1) }
        }
        return count - 1
    }

    private func insert(_ entry: Int) {
        let name = UnsafeBufferPointer(start: UnsafePointer(entries[entry].name), count: entries[entry].length)
        var bucket = hash(name) & (buckets.count - 1)
        while buckets[bucket] >= 0 { bucket = (bucket + 1) & (buckets.count - 1) }
        buckets[bucket] = Int32(truncatingIfNeeded: entry)
    }

    private func rehash() {
        buckets = Array(repeating: -1, count: buckets.count * 2)
        for entry in 1..<count { insert(entry) }
    }

    /// FNV-1a: the table is bounded, so that keys made to collide cost a bounded number of comparisons.
    private func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: (value ^ (value >> 32)) & 0x7FFF_FFFF)
    }
}
