// SPDX-License-Identifier: Apache-2.0

// Sixteen bytes at a time. The operands are written with their type throughout: then Swift compiles these operators to one
// instruction each, while literals of inferred type become loops over lanes.
typealias ByteVector = SIMD16<UInt8>

/// 0xFF where the bytes are equal, else 0.
@inline(__always)
func equalLanes(_ a: ByteVector, _ b: ByteVector) -> ByteVector { unsafeBitCast(a .== b, to: ByteVector.self) }

@inline(__always)
func loadVector(_ p: UnsafePointer<UInt8>) -> ByteVector { UnsafeRawPointer(p).loadUnaligned(as: ByteVector.self) }

@inline(__always)
private func anyBit(_ v: ByteVector, _ mask: UInt64) -> Bool {
    let words = unsafeBitCast(v, to: SIMD2<UInt64>.self)
    return (words.x | words.y) & mask != 0
}

/// Bit 7 of each byte, gathered into eight bits. (By the high half of the product: a plain one would be vectorised into
/// something slower.)
@inline(__always)
private func gatherTopBits(_ word: UInt64) -> UInt64 {
    (word & 0x8080_8080_8080_8080).multipliedFullWidth(by: 0x0204_0810_2040_8100).high & 0xFF
}

/// What a block of 64 bytes of CSV holds, one bit per byte.
struct ByteBlock {
    /// Commas and line feeds.
    let separators: UInt64
    let lines: UInt64
    /// Whether there is a quote, a backslash or a control character that is no line feed.
    let isSpecial: Bool
    let hasHighBytes: Bool

    @inline(__always)
    init(_ p: UnsafePointer<UInt8>) {
        let zero = ByteVector(repeating: 0)
        let lineFeed = ByteVector(repeating: 0x0A)
        let comma = ByteVector(repeating: 0x2C)
        let quote = ByteVector(repeating: 0x22)
        let backslash = ByteVector(repeating: 0x5C)
        let notControl = ByteVector(repeating: 0xE0)
        // Bits 0–3 of byte i: separators at i, 16 + i, 32 + i, 48 + i. Bits 4–7: line feeds.
        var packed = zero
        var special = zero
        var all = zero
        @inline(__always)
        func add(_ offset: Int, _ separatorBit: UInt8, _ lineBit: UInt8) {
            let v = loadVector(p + offset)
            let line = equalLanes(v, lineFeed)
            packed |= (line | equalLanes(v, comma)) & ByteVector(repeating: separatorBit)
            packed |= line & ByteVector(repeating: lineBit)
            special |= equalLanes(v, quote) | equalLanes(v, backslash) | (equalLanes(v & notControl, zero) & ~line)
            all |= v
        }
        add(0, 0x01, 0x10)
        add(16, 0x02, 0x20)
        add(32, 0x04, 0x40)
        add(48, 0x08, 0x80)
        let words = unsafeBitCast(packed, to: SIMD2<UInt64>.self)
        let low = words.x
        let high = words.y
        @inline(__always)
        func sixteen(_ shift: UInt64) -> UInt64 { gatherTopBits(low << shift) | gatherTopBits(high << shift) << 8 }
        separators = sixteen(7) | sixteen(6) << 16 | sixteen(5) << 32 | sixteen(4) << 48
        lines = sixteen(3) | sixteen(2) << 16 | sixteen(1) << 32 | sixteen(0) << 48
        isSpecial = anyBit(special, .max)
        hasHighBytes = anyBit(all, highBits)
    }
}

/// The number of line feeds.
func countLines(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int {
    let lineFeed = ByteVector(repeating: 0x0A)
    var total = 0
    var i = 0
    while i &+ 16 <= count {
        // Sixteen counters of a byte each, added up before one can overflow.
        let stop = min(count &- 15, i &+ 16 &* 255)
        var counters = ByteVector(repeating: 0)
        while i < stop {
            counters = counters &- equalLanes(loadVector(start + i), lineFeed)
            i &+= 16
        }
        for lane in 0..<16 { total &+= Int(counters[lane]) }
    }
    while i < count {
        total &+= start[i] == 0x0A ? 1 : 0
        i &+= 1
    }
    return total
}
