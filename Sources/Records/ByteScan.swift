// SPDX-License-Identifier: Apache-2.0
import Glibc

// Word-at-a-time tests. Eight bytes are loaded as one little-endian word; a test answers with bit 7 of each byte that
// matches.

let highBits: UInt64 = 0x8080_8080_8080_8080

@inline(__always)
func loadWord(_ p: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
}

/// Exactly the bytes equal to the pattern's byte.
@inline(__always)
func equalBytes(_ word: UInt64, _ pattern: UInt64) -> UInt64 {
    let x = word ^ pattern
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    return ~(((x & low) &+ low) | x | low)
}

/// Exactly the bytes below 0x20.
@inline(__always)
func controlBytes(_ word: UInt64) -> UInt64 {
    ~(((word & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x6060_6060_6060_6060) | word) & 0x8080_8080_8080_8080
}

/// The lowest set byte is the first byte equal to the pattern's; higher ones may be false.
@inline(__always)
func firstEqual(_ word: UInt64, _ pattern: UInt64) -> UInt64 {
    let x = word ^ pattern
    return (x &- 0x0101_0101_0101_0101) & ~x
}

/// The bytes' match bits, gathered into the low eight bits.
@inline(__always)
func gather(_ matches: UInt64) -> UInt64 { (matches &* 0x0002_0408_1020_4081) >> 56 }

/// The first byte that JSON strings must not hold raw, as bit 7 of the lowest set byte: quote, backslash or control.
@inline(__always)
func firstJSONSpecial(_ word: UInt64) -> UInt64 {
    let quote = firstEqual(word, 0x2222_2222_2222_2222)
    let backslash = firstEqual(word, 0x5C5C_5C5C_5C5C_5C5C)
    let control = (word &- 0x2020_2020_2020_2020) & ~word
    return (quote | backslash | control) & 0x8080_8080_8080_8080
}

/// Copies in steps of 16 bytes: reads and writes up to 15 bytes beyond `count` (and 16 for none).
@inline(__always)
func copyWords(_ target: UnsafeMutablePointer<UInt8>, _ source: UnsafePointer<UInt8>, _ count: Int) {
    if count > 256 {
        memcpy(target, source, count)
        return
    }
    let from = UnsafeRawPointer(source)
    let to = UnsafeMutableRawPointer(target)
    var i = 0
    repeat {
        let low = (from + i).loadUnaligned(as: UInt64.self)
        let high = (from + (i &+ 8)).loadUnaligned(as: UInt64.self)
        (to + i).storeBytes(of: low, as: UInt64.self)
        (to + (i &+ 8)).storeBytes(of: high, as: UInt64.self)
        i &+= 16
    } while i < count
}
