// SPDX-License-Identifier: Apache-2.0

/// Where the separators of a window of CSV are: the first of two passes. Works on blocks of 64 bytes as bit masks; a
/// block without quotes takes no branch that depends on its bytes. A quote is special only at the start of a field, and
/// inside a quoted one. Owns its memory; one thread.
final class CSVIndex {
    /// Positions of the commas and line feeds that separate, in order; a separator before the first record stands at 0.
    private(set) var separators: UnsafeMutablePointer<UInt32>
    /// For each complete record, the index in `separators` of the line feed that ends it.
    private(set) var rowEnds: UnsafeMutablePointer<UInt32>
    private(set) var rowCount = 0
    /// Blocks (by number, ascending) with bytes that make a cell need care: quotes, backslashes, control characters.
    private(set) var careBlocks: UnsafeMutablePointer<UInt32>
    private(set) var careCount = 0
    /// The first byte that is not UTF-8, and the first that may not follow a closing quote; `.max`: none.
    private(set) var firstInvalid = Int.max
    private(set) var firstMalformed = Int.max
    /// Whether the window ended inside quotes.
    private(set) var endsInQuotes = false

    private var separatorCount = 0
    private var capacity = 0

    init() {
        separators = .allocate(capacity: 1)
        rowEnds = .allocate(capacity: 1)
        careBlocks = .allocate(capacity: 1)
    }

    deinit {
        separators.deallocate()
        rowEnds.deallocate()
        careBlocks.deallocate()
    }

    /// Room for the worst case; pages that no index touches are never resident.
    private func reserve(_ bytes: Int) {
        guard bytes > capacity else { return }
        capacity = bytes
        separators.deallocate()
        rowEnds.deallocate()
        careBlocks.deallocate()
        separators = .allocate(capacity: bytes + 80)
        rowEnds = .allocate(capacity: bytes + 80)
        careBlocks = .allocate(capacity: bytes / 64 + 2)
    }

    /// What one block passes on to the next.
    private struct Carry {
        var inQuotes = false
        var afterSeparator = true
        var afterClosing = false
    }

    /// Indexes `bytes[start ..< count]`, which begins with a record; 64 readable zero bytes follow.
    func build(_ bytes: UnsafeMutablePointer<UInt8>, from start: Int, count: Int) {
        reserve(count)
        rowCount = 0
        careCount = 0
        firstInvalid = .max
        firstMalformed = .max
        separators[0] = UInt32(truncatingIfNeeded: start &- 1)
        var found = 1
        var rows = 0
        var care = 0
        var validated = start
        var carry = Carry()
        let separators = self.separators
        let rowEnds = self.rowEnds
        var base = start & ~63
        while base < count {
            let block = ByteBlock(bytes + base)
            var valid = ~UInt64(0)
            if base < start { valid <<= UInt64(start &- base) }
            if base &+ 64 > count { valid &= (1 << UInt64(count &- base)) &- 1 }
            var either = block.separators & valid
            var lines = block.lines & valid
            if block.hasHighBytes, firstInvalid == .max {
                validated = max(validated, base)
                let end = min(base &+ 64, count)
                if !UTF8Check.advance(bytes, &validated, to: end) { firstInvalid = validated }
            }
            if block.isSpecial || carry.inQuotes || carry.afterClosing {
                if careful(bytes, base, valid, &either, &lines, &carry) {
                    careBlocks[care] = UInt32(truncatingIfNeeded: base >> 6)
                    care &+= 1
                }
            } else {
                carry.afterSeparator = either >> 63 != 0
            }
            while lines != 0 {
                let bit = lines & (0 &- lines)
                rowEnds[rows] = UInt32(truncatingIfNeeded: found &+ (either & (bit &- 1)).nonzeroBitCount)
                rows &+= 1
                lines ^= bit
            }
            let here = either.nonzeroBitCount
            var next = separators + found
            let end = next + here
            while next < end {
                // Four at a time, whether there are four or not: the count per block is what a CPU cannot guess.
                for i in 0..<4 {
                    next[i] = UInt32(truncatingIfNeeded: base &+ either.trailingZeroBitCount)
                    either &= either &- 1
                }
                next += 4
            }
            found &+= here
            base &+= 64
        }
        separatorCount = found
        rowCount = rows
        careCount = care
        endsInQuotes = carry.inQuotes
    }

    /// A block with quotes or control characters, or inside quotes. Drops the separators that are quoted; answers whether
    /// its cells need care.
    private func careful(
        _ bytes: UnsafeMutablePointer<UInt8>, _ base: Int, _ valid: UInt64, _ either: inout UInt64,
        _ lines: inout UInt64, _ carry: inout Carry
    ) -> Bool {
        var quotes: UInt64 = 0
        var returns: UInt64 = 0
        var others: UInt64 = 0
        for i in 0..<8 {
            let word = loadWord(bytes + (base &+ i &* 8))
            let shift = UInt64(truncatingIfNeeded: i &* 8)
            let line = equalBytes(word, 0x0A0A_0A0A_0A0A_0A0A)
            let carriage = equalBytes(word, 0x0D0D_0D0D_0D0D_0D0D)
            quotes |= gather(equalBytes(word, 0x2222_2222_2222_2222)) << shift
            returns |= gather(carriage) << shift
            others |=
                gather(
                    equalBytes(word, 0x5C5C_5C5C_5C5C_5C5C) | (controlBytes(word) & ~line & ~carriage)) << shift
        }
        quotes &= valid
        returns &= valid
        others &= valid
        if quotes == 0, !carry.inQuotes, !carry.afterClosing {
            carry.afterSeparator = either >> 63 != 0
            // A carriage return is part of a line end if a line feed follows, else a control character of its cell.
            let beforeLine = lines >> 1 | (bytes[base &+ 64] == 0x0A ? 1 << 63 : 0)
            return others | (returns & ~beforeLine) != 0
        }
        // Bit i: byte i is inside quotes, an opening quote counting as inside and a closing one as outside.
        var inside = quotes
        inside ^= inside << 1
        inside ^= inside << 2
        inside ^= inside << 4
        inside ^= inside << 8
        inside ^= inside << 16
        inside ^= inside << 32
        if carry.inQuotes { inside = ~inside }
        let closing = quotes & ~inside
        let separating = either & ~inside
        let afterClosing = closing << 1 | (carry.afterClosing ? 1 : 0)
        let mayOpen = separating << 1 | (carry.afterSeparator ? 1 : 0) | afterClosing
        let strayQuotes = quotes & inside & ~mayOpen
        let badFollowers = afterClosing & valid & ~(quotes | either | returns)
        if strayQuotes | badFollowers != 0 {
            byByte(bytes, base, valid, &either, &lines, &carry)
            return true
        }
        either = separating
        lines &= separating
        carry.inQuotes = inside >> 63 != 0
        carry.afterSeparator = separating >> 63 != 0
        carry.afterClosing = closing >> 63 != 0
        return true
    }

    /// The same for a block with quotes in unquoted fields, or with an error: byte by byte.
    private func byByte(
        _ bytes: UnsafeMutablePointer<UInt8>, _ base: Int, _ valid: UInt64, _ either: inout UInt64,
        _ lines: inout UInt64, _ carry: inout Carry
    ) {
        either = 0
        lines = 0
        for i in valid.trailingZeroBitCount..<(64 - valid.leadingZeroBitCount) {
            let byte = bytes[base + i]
            if carry.inQuotes {
                if byte == 0x22 {
                    carry.inQuotes = false
                    carry.afterClosing = true
                }
                continue
            }
            let isSeparator = byte == 0x2C || byte == 0x0A
            if byte == 0x22, carry.afterSeparator || carry.afterClosing {
                carry.inQuotes = true
            } else if isSeparator {
                either |= 1 << UInt64(i)
                if byte == 0x0A { lines |= 1 << UInt64(i) }
            } else if carry.afterClosing, byte != 0x0D {
                firstMalformed = min(firstMalformed, base + i)
            }
            carry.afterSeparator = isSeparator
            carry.afterClosing = false
        }
    }
}
