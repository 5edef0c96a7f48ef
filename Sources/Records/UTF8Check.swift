// SPDX-License-Identifier: Apache-2.0

/// Finds bytes that are not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
enum UTF8Check {
    /// The length of the valid sequence at `p`, which starts with a byte ≥ 0x80; 0 if it is not one. Reads up to three
    /// bytes further.
    @inline(__always)
    static func sequenceLength(_ p: UnsafePointer<UInt8>) -> Int {
        let lead = p[0]
        let second = p[1]
        if lead < 0xE0 { return lead >= 0xC2 && second & 0xC0 == 0x80 ? 2 : 0 }
        guard second & 0xC0 == 0x80, p[2] & 0xC0 == 0x80 else { return 0 }
        if lead < 0xF0 {
            if lead == 0xE0 && second < 0xA0 || lead == 0xED && second > 0x9F { return 0 }
            return 3
        }
        guard lead < 0xF5, p[3] & 0xC0 == 0x80 else { return 0 }
        return lead == 0xF0 && second < 0x90 || lead == 0xF4 && second > 0x8F ? 0 : 4
    }

    /// Moves `position` over valid text until it is at or past `end`; false: it stands at a byte that begins no valid
    /// sequence. Reads up to eight bytes past `end`, into which the last sequence may reach.
    static func advance(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, to end: Int) -> Bool {
        var i = position
        defer { position = i }
        while i < end {
            let high = loadWord(bytes + i) & highBits
            if high == 0 {
                i &+= 8
                continue
            }
            i &+= high.trailingZeroBitCount >> 3
            while i < end, bytes[i] >= 0x80 {
                let length = sequenceLength(bytes + i)
                if length == 0 { return false }
                i &+= length
            }
        }
        return true
    }

    /// The offset of the first byte in `0 ..< end` that begins no valid sequence; `.max` if there is none.
    static func firstInvalid(_ bytes: UnsafePointer<UInt8>, to end: Int) -> Int {
        var position = 0
        return advance(bytes, &position, to: end) ? .max : (position < end ? position : .max)
    }
}
