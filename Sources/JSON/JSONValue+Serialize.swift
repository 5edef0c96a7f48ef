// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// The document without blanks, members in their order, numbers with their text, `/` not escaped.
    public func serialized() -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(1024)
        serialize(into: &out)
        return out
    }

    /// The same as a string.
    public func serializedString() -> String { String(decoding: serialized(), as: UTF8.self) }

    /// Appends the document to a buffer that the caller reuses.
    public func serialize(into out: inout [UInt8]) {
        switch self {
        case .null: out.append(contentsOf: [0x6E, 0x75, 0x6C, 0x6C])
        case .bool(true): out.append(contentsOf: [0x74, 0x72, 0x75, 0x65])
        case .bool(false): out.append(contentsOf: [0x66, 0x61, 0x6C, 0x73, 0x65])
        case .number(let number): out.append(contentsOf: number.text.utf8)
        case .string(let text): Self.serialize(text, into: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            var first = true
            for element in elements {
                if !first { out.append(UInt8(ascii: ",")) }
                first = false
                element.serialize(into: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members): members.serialize(into: &out)
        }
    }

    /// Appends a string in quotes, with quotes, backslashes and control characters escaped.
    public static func serialize(_ text: String, into out: inout [UInt8]) {
        var text = text
        out.append(0x22)
        text.withUTF8 { bytes in
            var plain = 0
            for index in bytes.indices {
                let byte = bytes[index]
                if byte >= 0x20, byte != 0x22, byte != 0x5C { continue }
                out.append(contentsOf: bytes[plain..<index])
                plain = index + 1
                escape(byte, into: &out)
            }
            out.append(contentsOf: bytes[plain...])
        }
        out.append(0x22)
    }

    private static func escape(_ byte: UInt8, into out: inout [UInt8]) {
        out.append(0x5C)
        switch byte {
        case 0x22, 0x5C: out.append(byte)
        case 0x08: out.append(UInt8(ascii: "b"))
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x0A: out.append(UInt8(ascii: "n"))
        case 0x0C: out.append(UInt8(ascii: "f"))
        case 0x0D: out.append(UInt8(ascii: "r"))
        default:
            let digits: StaticString = "0123456789abcdef"
            out.append(contentsOf: [UInt8(ascii: "u"), 0x30, 0x30])
            out.append(digits.utf8Start[Int(byte >> 4)])
            out.append(digits.utf8Start[Int(byte & 15)])
        }
    }
}

extension JSONObject {
    /// The object as a compact document.
    public func serialized() -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(1024)
        serialize(into: &out)
        return out
    }

    /// The same as a string.
    public func serializedString() -> String { String(decoding: serialized(), as: UTF8.self) }

    /// Appends the object to a buffer that the caller reuses.
    public func serialize(into out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        var first = true
        for (key, value) in self {
            if !first { out.append(UInt8(ascii: ",")) }
            first = false
            JSONValue.serialize(key, into: &out)
            out.append(UInt8(ascii: ":"))
            value.serialize(into: &out)
        }
        out.append(UInt8(ascii: "}"))
    }
}
