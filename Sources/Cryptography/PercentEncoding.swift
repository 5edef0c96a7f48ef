// SPDX-License-Identifier: Apache-2.0

/// Percent-encoding as AWS wants it: everything but letters, digits and `-._~` becomes `%XX` in upper case.
public enum PercentEncoding {
    /// The encoded form of `text`; slashes stay when `keepingSlashes`.
    public static func encode(_ text: String, keepingSlashes: Bool = false) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            if keepingSlashes && byte == UInt8(ascii: "/") { out.append(byte) } else { append(byte, to: &out) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes that `text` stands for; nil if a `%` is not followed by two hexadecimal digits.
    public static func decode(_ text: String, plusIsSpace: Bool = false) -> [UInt8]? {
        var out: [UInt8] = []
        let source = Array(text.utf8)
        out.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "%") {
                guard index + 2 < source.count, let high = Hex.value(of: source[index + 1]),
                    let low = Hex.value(of: source[index + 2])
                else { return nil }
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(plusIsSpace && source[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : source[index])
                index += 1
            }
        }
        return out
    }

    /// Appends one byte, encoded unless it is unreserved.
    static func append(_ byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            out.append(byte)
        default:
            out.append(UInt8(ascii: "%"))
            out.append(upperDigit(byte >> 4))
            out.append(upperDigit(byte & 15))
        }
    }

    /// The same text with each byte encoded exactly when it must be; a stray `%` counts as itself.
    static func normalized(_ text: Substring.UTF8View.SubSequence) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            text.formIndex(after: &index)
            if byte == UInt8(ascii: "%"), let low = text.index(index, offsetBy: 1, limitedBy: text.endIndex),
                low < text.endIndex, let first = Hex.value(of: text[index]), let second = Hex.value(of: text[low])
            {
                append(first << 4 | second, to: &out)
                index = text.index(after: low)
            } else {
                append(byte, to: &out)
            }
        }
        return out
    }

    private static func upperDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
