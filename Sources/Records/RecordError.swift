// SPDX-License-Identifier: Apache-2.0

/// Why records could not be read or written. Says where and what, and names fields, but never shows a value.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure; extensible.
    public struct Code: Sendable, Hashable {
        let name: String

        /// The bytes do not follow the format's grammar.
        public static let malformed = Code(name: "malformed")
        /// The bytes are not UTF-8.
        public static let invalidUTF8 = Code(name: "invalidUTF8")
        /// A record exceeds `ParserLimits.maximumRecordBytes`.
        public static let recordTooLong = Code(name: "recordTooLong")
        /// A CSV row has more cells than its header.
        public static let rowTooLong = Code(name: "rowTooLong")
        /// A CSV header names a selected column twice.
        public static let duplicateColumn = Code(name: "duplicateColumn")
        /// The inputs have more columns than `ParserLimits.maximumColumns`.
        public static let tooManyColumns = Code(name: "tooManyColumns")
        /// A column turned up after the CSV header, which would have to name it, was written.
        public static let columnAfterHeader = Code(name: "columnAfterHeader")
    }

    public let code: Code
    /// The line of the input, from 1: where the faulty record starts, or where the faulty byte lies for invalid UTF-8 and
    /// for text after a closing quote; nil where a line means nothing.
    public let line: Int?
    public let reason: String

    public init(_ code: Code, line: Int? = nil, _ reason: String) {
        self.code = code
        self.line = line
        self.reason = reason
    }

    public var description: String { line.map { "line \($0): \(reason)" } ?? reason }

    /// A field's name as it may stand in a message: bounded, without control characters.
    static func quoted(_ name: [UInt8]) -> String {
        let text = String(decoding: name.prefix(128), as: UTF8.self)
        let clean = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : Character($0) }
        return "\"\(String(clean))\(name.count > 128 ? "…" : "")\""
    }
}
