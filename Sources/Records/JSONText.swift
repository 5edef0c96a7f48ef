// SPDX-License-Identifier: Apache-2.0

/// The content of JSON strings: from escapes to UTF-8 and back.
public enum JSONText {
    /// The four hexadecimal digits at `p`.
    @inline(__always)
    static func hexUnit(_ p: UnsafePointer<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for i in 0..<4 {
            let byte = p[i]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x37
            case 0x61...0x66: digit = byte - 0x57
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Writes the text that a string's content stands for.
    ///
    /// - Parameters:
    ///   - source: the content of a `jsonEscaped` cell: its escapes are known to be valid.
    ///   - target: room for `count` bytes: text is never longer than its escapes.
    /// - Returns: the length of the text.
    public static func decode(
        _ source: UnsafePointer<UInt8>, _ count: Int, into target: UnsafeMutablePointer<UInt8>
    ) -> Int {
        var read = 0
        var write = 0
        while read < count {
            let byte = source[read]
            if byte != 0x5C {
                target[write] = byte
                read &+= 1
                write &+= 1
                continue
            }
            let kind = source[read &+ 1]
            read &+= 2
            if kind == 0x75 {
                var scalar = hexUnit(source + read) ?? 0xFFFD
                read &+= 4
                if scalar & 0xFC00 == 0xD800 {
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + (hexUnit(source + (read &+ 2)) ?? 0xDC00) & 0x3FF
                    read &+= 6
                }
                write &+= encode(scalar, target + write)
                continue
            }
            switch kind {
            case 0x62: target[write] = 0x08
            case 0x66: target[write] = 0x0C
            case 0x6E: target[write] = 0x0A
            case 0x72: target[write] = 0x0D
            case 0x74: target[write] = 0x09
            default: target[write] = kind
            }
            write &+= 1
        }
        return write
    }

    private static func encode(_ scalar: UInt32, _ p: UnsafeMutablePointer<UInt8>) -> Int {
        func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) }
        if scalar < 0x80 {
            p[0] = UInt8(truncatingIfNeeded: scalar)
            return 1
        }
        if scalar < 0x800 {
            p[0] = 0xC0 | UInt8(truncatingIfNeeded: scalar >> 6)
            p[1] = tail(0)
            return 2
        }
        if scalar < 0x10000 {
            p[0] = 0xE0 | UInt8(truncatingIfNeeded: scalar >> 12)
            p[1] = tail(6)
            p[2] = tail(0)
            return 3
        }
        p[0] = 0xF0 | UInt8(truncatingIfNeeded: scalar >> 18)
        p[1] = tail(12)
        p[2] = tail(6)
        p[3] = tail(0)
        return 4
    }

    /// Writes UTF-8 text as the content of a JSON string, escaping quotes, backslashes and control characters.
    ///
    /// - Parameter target: room for `count * 6 + 16` bytes.
    /// - Returns: the end of what was written.
    static func escape(
        _ source: UnsafePointer<UInt8>, _ count: Int, into target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var q = target
        var read = 0
        while read < count {
            let word = loadWord(source + read)
            UnsafeMutableRawPointer(q).storeBytes(of: word.littleEndian, as: UInt64.self)
            let special = firstJSONSpecial(word)
            let plain = min(special == 0 ? 8 : special.trailingZeroBitCount >> 3, count &- read)
            q += plain
            read &+= plain
            if plain == 8 || read >= count { continue }
            q = escape(source[read], q)
            read &+= 1
        }
        return q
    }

    private static func escape(_ byte: UInt8, _ q: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        q[0] = 0x5C
        switch byte {
        case 0x22, 0x5C: q[1] = byte
        case 0x08: q[1] = 0x62
        case 0x09: q[1] = 0x74
        case 0x0A: q[1] = 0x6E
        case 0x0C: q[1] = 0x66
        case 0x0D: q[1] = 0x72
        default:
            let digit = byte & 0xF
            q[1] = 0x75
            q[2] = 0x30
            q[3] = 0x30
            q[4] = 0x30 + byte >> 4
            q[5] = digit < 10 ? 0x30 + digit : 0x57 + digit
            return q + 6
        }
        return q + 2
    }
}
