// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Encodes the parameters of one statement at a time into memory that is used again for the next, and hands them to
/// libpq as the parallel arrays it wants.
struct ParameterArena {
    private var bytes: [UInt8] = []
    /// Where each value starts in `bytes`; nil for NULL.
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []
    private var pointers: [UnsafePointer<CChar>?] = []

    /// Kept between uses; more is given back.
    private static let keptCapacity = 1 << 20

    /// Refuses what cannot be sent, before anything is: text with U+0000 would be cut off there without a word.
    static func check(_ values: [SQLValue]) throws(PostgresError) {
        // Counted by the protocol in 16 bits.
        if values.count > 65_535 {
            throw PostgresError(kind: .permanent, sqlState: "54000", message: "more than 65535 values")
        }
        for value in values {
            let isRefused =
                switch value {
                case .text(let text), .uuid(let text): hasNullCharacter(text)
                case .textArray(let elements): elements.contains { $0.map(hasNullCharacter) ?? false }
                case .null, .int, .bool, .bytes, .intArray, .boolArray, .bytesArray: false
                }
            if isRefused {
                throw PostgresError(kind: .permanent, sqlState: "22021", message: "text contains U+0000")
            }
        }
    }

    private static func hasNullCharacter(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { utf8 in
            guard let base = utf8.baseAddress, !utf8.isEmpty else { return false }
            return memchr(base, 0, utf8.count) != nil
        }
    }

    /// Replaces the content with checked values.
    mutating func load(_ values: [SQLValue]) {
        if bytes.capacity > Self.keptCapacity { bytes = [] }
        bytes.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        for value in values {
            let start = bytes.count
            var isNull = false
            var format: Int32 = 0
            switch value {
            case .null: isNull = true
            case .text(let text), .uuid(let text): append(text)
            case .int(let number): append(number)
            case .bool(let flag): append(flag)
            case .bytes(let data):
                format = 1
                bytes += data
            case .textArray(let elements): appendArray(elements) { $0.appendQuoted($1) }
            case .intArray(let elements): appendArray(elements) { $0.append($1) }
            case .boolArray(let elements): appendArray(elements) { $0.append($1) }
            case .bytesArray(let elements): appendArray(elements) { $0.appendHex($1) }
            }
            offsets.append(isNull ? nil : start)
            lengths.append(Int32(clamping: bytes.count - start))
            formats.append(format)
            bytes.append(0)
        }
    }

    /// Calls `body` with the count, values, lengths and formats; the pointers are valid until it returns.
    mutating func withParameters(
        _ body: (
            Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
        ) -> Int32
    ) -> Int32 {
        pointers.removeAll(keepingCapacity: true)
        return bytes.withUnsafeBytes { raw in
            for offset in offsets {
                guard let offset, let base = raw.baseAddress else {
                    pointers.append(nil)
                    continue
                }
                pointers.append((base + offset).assumingMemoryBound(to: CChar.self))
            }
            return body(Int32(clamping: offsets.count), pointers, lengths, formats)
        }
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { bytes += $0 }
    }

    private mutating func appendQuoted(_ text: String) {
        let quote = UInt8(ascii: "\"")
        let backslash = UInt8(ascii: "\\")
        bytes.append(quote)
        for byte in text.utf8 {
            if byte == quote || byte == backslash { bytes.append(backslash) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }

    private mutating func append(_ number: Int64) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func append(_ flag: Bool) {
        bytes.append(UInt8(ascii: flag ? "t" : "f"))
    }

    /// `"\\x00ff"`: the backslash is escaped once for the array literal.
    private mutating func appendHex(_ data: [UInt8]) {
        bytes += [0x22, 0x5c, 0x5c, 0x78]
        bytes.reserveCapacity(bytes.count + 2 * data.count + 1)
        for byte in data {
            bytes.append(Self.hexDigit(byte >> 4))
            bytes.append(Self.hexDigit(byte & 15))
        }
        bytes.append(0x22)
    }

    private mutating func appendArray<Element>(
        _ elements: [Element?], _ appendElement: (inout ParameterArena, Element) -> Void
    ) {
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        for element in elements {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            if let element {
                appendElement(&self, element)
            } else {
                bytes += [0x4e, 0x55, 0x4c, 0x4c]
            }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
