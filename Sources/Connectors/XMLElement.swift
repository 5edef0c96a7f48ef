// SPDX-License-Identifier: Apache-2.0

/// An element of a small XML document, such as S3 answers with: names without their namespace prefix, the text directly
/// inside, the elements inside. Attributes are skipped, document type declarations refused.
struct XMLElement {
    let name: String
    fileprivate(set) var text = ""
    fileprivate(set) var children: [XMLElement] = []

    fileprivate init(name: String) { self.name = name }

    /// The first element of that name inside this one.
    func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The text of the first element of that name inside this one.
    func text(_ name: String) -> String? { child(name)?.text }

    /// The root element of a document in UTF-8; nil if that is not well-formed, or nested deeper than S3 nests.
    static func parse(_ bytes: [UInt8]) -> XMLElement? {
        bytes.withUnsafeBufferPointer { buffer in
            var scanner = XMLScanner(bytes: buffer)
            return scanner.document()
        }
    }
}

/// Reads XML in one pass.
private struct XMLScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private static let maximumDepth = 16

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func document() -> XMLElement? {
        if starts(with: "\u{FEFF}") { position += 3 }
        var open: [XMLElement] = []
        var text: [UInt8] = []
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                guard appendText(to: &text, isInside: !open.isEmpty) else { return nil }
                continue
            }
            if starts(with: "<?") {
                guard skip(past: "?>") else { return nil }
            } else if starts(with: "<!--") {
                guard skip(past: "-->") else { return nil }
            } else if starts(with: "<![CDATA[") {
                let start = position + 9
                guard !open.isEmpty, skip(past: "]]>") else { return nil }
                text.append(contentsOf: bytes[start..<(position - 3)])
            } else if starts(with: "</") {
                guard let closed = closeElement(&open, &text) else { return nil }
                if open.isEmpty { return closed }
                open[open.count - 1].children.append(closed)
            } else {
                if let last = open.indices.last {
                    guard flush(&text, into: &open[last]) else { return nil }
                }
                guard let (element, isEmpty) = openElement(), open.count < Self.maximumDepth else { return nil }
                if !isEmpty {
                    open.append(element)
                } else if open.isEmpty {
                    return element
                } else {
                    open[open.count - 1].children.append(element)
                }
            }
        }
        return nil
    }

    private mutating func openElement() -> (XMLElement, isEmpty: Bool)? {
        position += 1
        guard let name = name() else { return nil }
        // Attributes, of which quoted values may hold anything but their quote.
        var quote: UInt8?
        var previous: UInt8 = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return (XMLElement(name: name), previous == UInt8(ascii: "/"))
            } else if byte == UInt8(ascii: "<") {
                return nil
            }
            previous = byte
        }
        return nil
    }

    private mutating func closeElement(_ open: inout [XMLElement], _ text: inout [UInt8]) -> XMLElement? {
        position += 2
        guard var element = open.popLast(), name() == element.name, flush(&text, into: &element) else { return nil }
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
        guard position < bytes.count, bytes[position] == UInt8(ascii: ">") else { return nil }
        position += 1
        return element
    }

    /// A name without its prefix.
    private mutating func name() -> String? {
        var start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: ":") {
                start = position + 1
            } else if isBlank(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") {
                break
            } else if byte < 0x21 || byte == UInt8(ascii: "<") || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "&")
            {
                return nil
            }
            position += 1
        }
        return position > start ? string(start..<position) : nil
    }

    /// Text up to the next tag, references resolved.
    private mutating func appendText(to text: inout [UInt8], isInside: Bool) -> Bool {
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            let byte = bytes[position]
            if byte == UInt8(ascii: "&") {
                guard isInside, let scalar = reference() else { return false }
                text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
            } else {
                if isInside { text.append(byte) } else if !isBlank(byte) { return false }
                position += 1
            }
        }
        return true
    }

    private mutating func reference() -> Unicode.Scalar? {
        let start = position + 1
        guard let end = bytes[start..<min(bytes.count, start + 10)].firstIndex(of: UInt8(ascii: ";")),
            let body = string(start..<end)
        else { return nil }
        position = end + 1
        switch body {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard body.hasPrefix("#") else { return nil }
            let digits = body.dropFirst()
            let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits, radix: 10)
            return value.flatMap(Unicode.Scalar.init)
        }
    }

    private func flush(_ text: inout [UInt8], into element: inout XMLElement) -> Bool {
        if text.isEmpty { return true }
        defer { text.removeAll(keepingCapacity: true) }
        guard let piece = String(validating: text, as: UTF8.self) else { return false }
        element.text += piece
        return true
    }

    private func string(_ range: Range<Int>) -> String? { String(validating: bytes[range], as: UTF8.self) }

    private func starts(with text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard position + length <= bytes.count else { return false }
        return (0..<length).allSatisfy { bytes[position + $0] == text.utf8Start[$0] }
    }

    private mutating func skip(past mark: StaticString) -> Bool {
        while position < bytes.count {
            if starts(with: mark) {
                position += mark.utf8CodeUnitCount
                return true
            }
            position += 1
        }
        return false
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }
}
