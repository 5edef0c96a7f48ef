// SPDX-License-Identifier: Apache-2.0

/// Writes JSON strings: the one piece of JSON that log lines and health answers need.
public enum JSONText {
    /// Appends `text` as a quoted JSON string (RFC 8259 §7). Control characters are escaped, everything else is
    /// copied as UTF-8; the result never holds a line break.
    public static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { append($0, to: &bytes) }
    }

    private static func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(quote)
        // Runs without anything to escape are copied whole: nearly every string is one run.
        var start = 0
        for index in text.indices {
            let byte = text[index]
            guard byte < 0x20 || byte == quote || byte == backslash else { continue }
            bytes.append(contentsOf: text[start..<index])
            appendEscape(byte, to: &bytes)
            start = index + 1
        }
        bytes.append(contentsOf: text[start...])
        bytes.append(quote)
    }

    private static func appendEscape(_ byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(backslash)
        switch byte {
        case quote, backslash: bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(hexadecimalDigit(byte >> 4))
            bytes.append(hexadecimalDigit(byte & 15))
        }
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
}
