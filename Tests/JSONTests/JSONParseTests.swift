// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@Suite struct JSONParseTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1.10", "1e400", "-12.5E-7", "\"\"", "\"a\"", "[]", "{}", "[1,[2,[3]]]",
        #"{"a":{"b":[null,true,"x"]},"c":"é😀"}"#, #"["a/b"]"#, "123456789012345678901234567890",
    ])
    func roundTripsCompactText(_ text: String) throws {
        #expect(try JSONValue.parse(text).serializedString() == text)
    }

    @Test func readsBlanksAndEscapes() throws {
        let value = try JSONValue.parse(
            " \t\r\n{ \"k\" : [ 1 , \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\" ] } ")
        #expect(value["k"]?.arrayValue?[1] == .string("\"\\/\u{8}\u{c}\n\r\té😀"))
    }

    @Test(arguments: [
        "", " ", "nul", "True", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "-", "0x1", "NaN", "[1,]", "[,1]", "[1 2]",
        "{\"a\":1,}", "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{1:2}", "[", "{", "\"", "\"\\", "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"", "\"\\uD800\"", "\"\\uD800x\"", "\"\\uD800\\n\"", "\"\\uD800\\u0041\"", "\"\\uDC00\"", "\"a\nb\"",
        "\"a\u{0}b\"", "\u{FEFF}{}", "{} {}", "1 2", "[1]]", "'a'", "// c\n1",
    ])
    func refuses(_ text: String) {
        #expect(throws: JSONParseError.self) { try JSONValue.parse(text) }
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
        ] as [[UInt8]])
    func refusesBrokenUTF8(_ bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(throws: JSONParseError.self) { try JSONValue.parse([quote] + bytes + [quote]) }
        // Also behind an escape, and in a key far from the start.
        #expect(throws: JSONParseError.self) {
            try JSONValue.parse([quote] + Array("\\n".utf8) + bytes + [quote])
        }
        #expect(throws: JSONParseError.self) {
            try JSONValue.parse(Array("{\"0123456789".utf8) + bytes + Array("\":1}".utf8))
        }
    }

    /// Ends of strings, escapes and control bytes at every place of an eight-byte step.
    @Test(arguments: 0...20)
    func findsTheEndOfAString(_ length: Int) throws {
        let plain = String(repeating: "x", count: length)
        #expect(try JSONValue.parse("\"\(plain)\"") == .string(plain))
        #expect(try JSONValue.parse("\"\(plain)\\n\(plain)\"") == .string("\(plain)\n\(plain)"))
        #expect(try JSONValue.parse("\"\(plain)é\(plain)\"") == .string("\(plain)é\(plain)"))
        #expect(try JSONValue.parse("[\"\(plain)\",\"\u{7F}\u{80}!#\"]").arrayValue?[1] == .string("\u{7F}\u{80}!#"))
        let error = #expect(throws: JSONParseError.self) { try JSONValue.parse("\"\(plain)\u{1F}\(plain)\"") }
        #expect(error?.offset == length + 1)
    }

    @Test func limitsTheDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try JSONValue.parse(nested(64)) }
        #expect(throws: JSONParseError.self) { try JSONValue.parse(nested(65)) }
        #expect(throws: JSONParseError.self) { try JSONValue.parse(nested(3), maximumDepth: 2) }
        // Siblings do not add up.
        #expect(throws: Never.self) { try JSONValue.parse("[[],[],{},{}]", maximumDepth: 2) }
        #expect(throws: JSONParseError.self) { try JSONValue.parse(String(repeating: "[", count: 1_000_000)) }
    }

    @Test func tellsThePlaceAndNotTheContent() {
        let error = #expect(throws: JSONParseError.self) { try JSONValue.parse("{\"secret\":hunter2}") }
        #expect(error?.offset == 10)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }

    @Test func readsBorrowedBytes() throws {
        let bytes = Array("xx[1,\"two\"]yy".utf8)
        let value = try bytes.withUnsafeBytes { try JSONValue.parse(UnsafeRawBufferPointer(rebasing: $0[2..<11])) }
        #expect(value == [1, "two"])
    }

    @Test func refusesEveryPrefixOfADocument() throws {
        let text = Array(#"{"a":[1.5e3,"b\u00e9\n"],"c":{"d":null,"e":false}}"#.utf8)
        #expect(throws: Never.self) { try JSONValue.parse(text) }
        for count in text.indices {
            #expect(throws: JSONParseError.self) { try JSONValue.parse(Array(text[..<count])) }
        }
    }
}
