// SPDX-License-Identifier: Apache-2.0

/// One pass over borrowed bytes. Every non-blank byte of a document is looked at once, strings twice: to find their
/// end, eight bytes at a time, and to validate their UTF-8.
struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private let end: Int
    private let maximumDepth: Int
    private var place = 0
    private var depth = 0
    /// The bytes of the current string, or-ed: its top bit says whether any may be outside ASCII.
    private var seen: UInt64 = 0
    /// Reused for strings with escapes.
    private var scratch: [UInt8] = []

    init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
        self.bytes = bytes
        self.end = bytes.count
        self.maximumDepth = maximumDepth
    }

    mutating func document() throws(JSONParseError) -> JSONValue {
        let result = try value()
        skipBlanks()
        guard place == end else { throw error("unexpected bytes after the document") }
        return result
    }

    private func error(_ reason: String) -> JSONParseError { JSONParseError(offset: place, reason: reason) }

    @inline(__always)
    private mutating func skipBlanks() {
        while place < end {
            switch bytes[place] {
            case 0x20, 0x0A, 0x0D, 0x09: place &+= 1
            default: return
            }
        }
    }

    private mutating func value() throws(JSONParseError) -> JSONValue {
        skipBlanks()
        guard place < end else { throw error("unexpected end") }
        switch bytes[place] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        case 0xEF where place == 0: throw error("a byte order mark is not allowed")
        default: throw error("unexpected byte")
        }
    }

    private mutating func word(_ expected: StaticString) throws(JSONParseError) {
        let count = expected.utf8CodeUnitCount
        guard end - place >= count else { throw error("unexpected byte") }
        for offset in 0..<count where bytes[place + offset] != expected.utf8Start[offset] {
            throw error("unexpected byte")
        }
        place += count
    }

    private mutating func enter() throws(JSONParseError) {
        depth += 1
        guard depth <= maximumDepth else { throw error("nested deeper than \(maximumDepth)") }
        place += 1
        skipBlanks()
    }

    private mutating func object() throws(JSONParseError) -> JSONValue {
        try enter()
        var members = JSONObject()
        if place < end, bytes[place] == UInt8(ascii: "}") {
            place += 1
            depth -= 1
            return .object(members)
        }
        while true {
            skipBlanks()
            guard place < end else { throw error("unexpected end") }
            guard bytes[place] == UInt8(ascii: "\"") else { throw error("a key was expected") }
            let key = try string()
            skipBlanks()
            guard place < end else { throw error("unexpected end") }
            guard bytes[place] == UInt8(ascii: ":") else { throw error("a colon was expected") }
            place += 1
            members.append(key: key, value: try value())
            skipBlanks()
            guard place < end else { throw error("unexpected end") }
            switch bytes[place] {
            case UInt8(ascii: ","): place += 1
            case UInt8(ascii: "}"):
                place += 1
                depth -= 1
                return .object(members)
            default: throw error("a comma or closing brace was expected")
            }
        }
    }

    private mutating func array() throws(JSONParseError) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        if place < end, bytes[place] == UInt8(ascii: "]") {
            place += 1
            depth -= 1
            return .array(elements)
        }
        while true {
            elements.append(try value())
            skipBlanks()
            guard place < end else { throw error("unexpected end") }
            switch bytes[place] {
            case UInt8(ascii: ","): place += 1
            case UInt8(ascii: "]"):
                place += 1
                depth -= 1
                return .array(elements)
            default: throw error("a comma or closing bracket was expected")
            }
        }
    }

    private mutating func digits() -> Int {
        let start = place
        while place < end, bytes[place] &- 48 < 10 { place &+= 1 }
        return place - start
    }

    private mutating func number() throws(JSONParseError) -> JSONNumber {
        let start = place
        if bytes[place] == UInt8(ascii: "-") { place += 1 }
        let first = place
        let whole = digits()
        guard whole > 0 else { throw error("a digit was expected") }
        if whole > 1, bytes[first] == UInt8(ascii: "0") {
            place = first
            throw error("a number must not start with zero")
        }
        if place < end, bytes[place] == UInt8(ascii: ".") {
            place += 1
            guard digits() > 0 else { throw error("a digit was expected") }
        }
        if place < end, bytes[place] | 0x20 == UInt8(ascii: "e") {
            place += 1
            if place < end, bytes[place] == UInt8(ascii: "+") || bytes[place] == UInt8(ascii: "-") { place += 1 }
            guard digits() > 0 else { throw error("a digit was expected") }
        }
        return JSONNumber(text: text(start..<place))
    }

    private func text(_ range: Range<Int>) -> String {
        UnsafeRawBufferPointer(rebasing: bytes[range]).withMemoryRebound(to: UInt8.self) {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Moves to the next quote, backslash or control byte of a string.
    @inline(__always)
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while place &+ 8 <= end {
            let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            // Classic zero-byte test; for the control bytes, "less than 0x20". The lowest flag is exact, later ones may
            // be false through borrows, so only the lowest is used.
            let flags =
                (((quote &- ones) & ~quote) | ((slash &- ones) & ~slash) | ((word &- (ones &* 0x20)) & ~word)) & highs
            seen |= word
            if flags != 0 {
                place &+= flags.littleEndian.trailingZeroBitCount >> 3
                return
            }
            place &+= 8
        }
        while place < end {
            let byte = bytes[place]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 { return }
            seen |= UInt64(byte)
            place &+= 1
        }
    }

    private mutating func string() throws(JSONParseError) -> String {
        place += 1
        let start = place
        seen = 0
        skipPlain()
        guard place < end else { throw error("unexpected end of a string") }
        if bytes[place] == UInt8(ascii: "\"") {
            let text = try validated(UnsafeRawBufferPointer(rebasing: bytes[start..<place]), at: start)
            place += 1
            return text
        }
        return try stringWithEscapes(from: start)
    }

    private func validated(_ slice: UnsafeRawBufferPointer, at start: Int) throws(JSONParseError) -> String {
        if seen & 0x8080_8080_8080_8080 == 0 {
            return slice.withMemoryRebound(to: UInt8.self) { String(decoding: $0, as: UTF8.self) }
        }
        let text = slice.withMemoryRebound(to: UInt8.self) { String(validating: $0, as: UTF8.self) }
        guard let text else { throw JSONParseError(offset: start, reason: "invalid UTF-8 in a string") }
        return text
    }

    private mutating func stringWithEscapes(from start: Int) throws(JSONParseError) -> String {
        scratch.removeAll(keepingCapacity: true)
        var plain = start
        while true {
            scratch.append(contentsOf: bytes[plain..<place])
            guard place < end else { throw error("unexpected end of a string") }
            switch bytes[place] {
            case UInt8(ascii: "\""):
                // Escapes decode to valid UTF-8 by themselves, so only what stood in the input can be broken.
                guard let text = String(validating: scratch, as: UTF8.self) else {
                    throw JSONParseError(offset: start, reason: "invalid UTF-8 in a string")
                }
                place += 1
                return text
            case UInt8(ascii: "\\"): try escape()
            default: throw error("a control character in a string")
            }
            plain = place
            skipPlain()
        }
    }

    private mutating func escape() throws(JSONParseError) {
        guard place + 1 < end else { throw error("unexpected end of a string") }
        let kind = bytes[place + 1]
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scratch.append(kind)
        case UInt8(ascii: "b"): scratch.append(0x08)
        case UInt8(ascii: "f"): scratch.append(0x0C)
        case UInt8(ascii: "n"): scratch.append(0x0A)
        case UInt8(ascii: "r"): scratch.append(0x0D)
        case UInt8(ascii: "t"): scratch.append(0x09)
        case UInt8(ascii: "u"):
            try unicodeEscape()
            return
        default: throw error("an unknown escape")
        }
        place += 2
    }

    private mutating func unicodeEscape() throws(JSONParseError) {
        let first = try hexUnit(at: place + 2)
        var scalar = first
        var length = 6
        if first & 0xFC00 == 0xD800 {
            guard place + 7 < end, bytes[place + 6] == UInt8(ascii: "\\"), bytes[place + 7] == UInt8(ascii: "u") else {
                throw error("a lone surrogate")
            }
            let second = try hexUnit(at: place + 8)
            guard second & 0xFC00 == 0xDC00 else { throw error("a lone surrogate") }
            scalar = 0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF)
            length = 12
        }
        guard let unicode = Unicode.Scalar(scalar) else { throw error("a lone surrogate") }
        scratch.append(contentsOf: UTF8.encode(unicode) ?? UTF8.encodedReplacementCharacter)
        place += length
    }

    private func hexUnit(at offset: Int) throws(JSONParseError) -> UInt32 {
        guard offset + 4 <= end else { throw error("unexpected end of a string") }
        var unit: UInt32 = 0
        for index in offset..<offset + 4 {
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - 48
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - 87
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - 55
            default: throw error("four hexadecimal digits were expected")
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
