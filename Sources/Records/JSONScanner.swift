// SPDX-License-Identifier: Apache-2.0

/// Finds the ends of JSON values over raw bytes and checks their grammar (RFC 8259) without building anything. The bytes
/// must be followed by zeroes, at which every scan stops. UTF-8 is checked elsewhere, for whole windows.
struct JSONScanner {
    typealias Pointer = UnsafePointer<UInt8>

    /// Levels of nesting inside a record's fields.
    static let maximumDepth = 256

    /// Whether a line feed is white space (an array over several lines) or ends the record.
    var linesAreSpace = false

    @inline(__always)
    func skipSpace(_ p: inout Pointer) {
        while p.pointee <= 0x20 {
            switch p.pointee {
            case 0x20, 0x09, 0x0D: p += 1
            case 0x0A where linesAreSpace: p += 1
            default: return
            }
        }
    }

    /// From the first byte of a string's content to its closing quote. False: `p` stands at the fault.
    @inline(__always)
    func skipString(_ p: inout Pointer, _ escaped: inout Bool) -> Bool {
        while true {
            let special = firstJSONSpecial(loadWord(p))
            if special == 0 {
                p += 8
                continue
            }
            p += special.trailingZeroBitCount >> 3
            if p.pointee == 0x22 { return true }
            guard p.pointee == 0x5C else { return false }
            let length = Self.escapeLength(p)
            if length == 0 { return false }
            escaped = true
            p += length
        }
    }

    /// The length of the escape at `p`, a surrogate pair counting as one; 0: it is not valid.
    static func escapeLength(_ p: Pointer) -> Int {
        switch p[1] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return 2
        case 0x75:
            guard let unit = JSONText.hexUnit(p + 2) else { return 0 }
            if unit & 0xF800 != 0xD800 { return 6 }
            guard unit < 0xDC00, p[6] == 0x5C, p[7] == 0x75, let low = JSONText.hexUnit(p + 8) else { return 0 }
            return low & 0xFC00 == 0xDC00 ? 12 : 0
        default: return 0
        }
    }

    @inline(__always)
    private func skipDigits(_ p: inout Pointer) -> Bool {
        guard p.pointee &- 0x30 < 10 else { return false }
        repeat { p += 1 } while p.pointee &- 0x30 < 10
        return true
    }

    @inline(__always)
    func skipNumber(_ p: inout Pointer) -> Bool {
        if p.pointee == 0x2D { p += 1 }
        if p.pointee == 0x30 {
            p += 1
        } else if !skipDigits(&p) {
            return false
        }
        if p.pointee == 0x2E {
            p += 1
            if !skipDigits(&p) { return false }
        }
        if p.pointee | 0x20 == 0x65 {
            p += 1
            if p.pointee == 0x2B || p.pointee == 0x2D { p += 1 }
            if !skipDigits(&p) { return false }
        }
        return true
    }

    @inline(__always)
    private func isLiteral(_ p: Pointer, _ word: UInt32) -> Bool {
        UInt32(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt32.self)) == word
    }

    /// `true`, `false` or `null`; nil: something else.
    @inline(__always)
    func skipLiteral(_ p: inout Pointer) -> CellKind? {
        if isLiteral(p, 0x6575_7274) {
            p += 4
            return .boolean
        }
        if isLiteral(p, 0x736C_6166), p[4] == 0x65 {
            p += 5
            return .boolean
        }
        if isLiteral(p, 0x6C6C_756E) {
            p += 4
            return .null
        }
        return nil
    }

    /// From `{` or `[` to behind its end. False: `p` stands at the fault.
    func skipCompound(_ p: inout Pointer) -> Bool {
        // Bit d of the words: whether level d is an object.
        var objects: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        return withUnsafeMutableBytes(of: &objects) { raw in
            let levels = raw.assumingMemoryBound(to: UInt64.self)
            var depth = 0
            var ignored = false
            while true {
                // At the start of a value.
                skipSpace(&p)
                switch p.pointee {
                case 0x7B, 0x5B:
                    guard depth < Self.maximumDepth else { return false }
                    let isObject = p.pointee == 0x7B
                    let bit = UInt64(1) << UInt64(depth & 63)
                    if isObject { levels[depth >> 6] |= bit } else { levels[depth >> 6] &= ~bit }
                    depth += 1
                    p += 1
                    skipSpace(&p)
                    if p.pointee != (isObject ? 0x7D : 0x5D) {
                        if isObject, !skipKey(&p) { return false }
                        continue
                    }
                case 0x22:
                    p += 1
                    if !skipString(&p, &ignored) { return false }
                    p += 1
                case 0x2D, 0x30...0x39:
                    if !skipNumber(&p) { return false }
                default:
                    if skipLiteral(&p) == nil { return false }
                }
                // Behind a value: close levels, or go on to the next value.
                while true {
                    skipSpace(&p)
                    let isObject = levels[(depth - 1) >> 6] >> UInt64((depth - 1) & 63) & 1 != 0
                    if p.pointee == (isObject ? 0x7D : 0x5D) {
                        p += 1
                        depth -= 1
                        if depth == 0 { return true }
                        continue
                    }
                    guard p.pointee == 0x2C else { return false }
                    p += 1
                    if isObject {
                        skipSpace(&p)
                        if !skipKey(&p) { return false }
                    }
                    break
                }
            }
        }
    }

    private func skipKey(_ p: inout Pointer) -> Bool {
        guard p.pointee == 0x22 else { return false }
        p += 1
        var ignored = false
        guard skipString(&p, &ignored) else { return false }
        p += 1
        skipSpace(&p)
        guard p.pointee == 0x3A else { return false }
        p += 1
        return true
    }
}
