// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import Records

@Suite struct JSONLinesParserTests {
    @Test func keepsBytesOfNumbersAndNestedValues() {
        let parsed = parse(
            .jsonLines,
            #"{"a":1.10,"b":-0,"c":1e400,"d":{ "x" : [1, "\u0041"] },"e":[],"f":true,"g":false,"h":null,"i":"","j":"x/y"}"#
        )
        #expect(parsed.error == nil)
        #expect(
            parsed.rows == [
                [
                    "a": .raw("1.10"), "b": .raw("-0"), "c": .raw("1e400"), "d": .raw(#"{ "x" : [1, "\u0041"] }"#),
                    "e": .raw("[]"), "f": .raw("true"), "g": .raw("false"), "h": .null, "i": .text(""),
                    "j": .text("x/y"),
                ]
            ])
    }

    @Test func decodesEscapes() {
        let parsed = parse(.jsonLines, #"{"a":"\"\\\/\b\f\n\r\t\u00e9\u0141\ud83d\ude00\u0000 end"}"#)
        #expect(parsed.rows == [["a": .text("\"\\/\u{8}\u{C}\n\r\té\u{141}😀\u{0} end")]])
    }

    @Test func theLastOfEqualKeysCounts() {
        #expect(parse(.jsonLines, #"{"a":1,"b":2,"a":3}"#).rows == [["a": .raw("3"), "b": .raw("2")]])
        #expect(parse(.jsonLines, #"{"a":1,"a":null}"#).rows == [["a": .null]])
        #expect(parse(.jsonLines, #"{"a":1,"\u0061":2}"#).rows == [["a": .raw("2")]])
    }

    @Test func keysAreComparedAsBytes() {
        let parsed = parse(.jsonLines, [bytes("{\"\u{E9}\":1,\"e\u{301}\":2}")])
        #expect(parsed.names.count == 2)
    }

    @Test func keysInAnyOrderAndLateOnes() {
        let parsed = parse(
            .jsonLines,
            "{\"a\":1,\"b\":2}\n{\"b\":3,\"a\":4}\n{\"c\":5}\n{\"b\":6}\n\n  \r\n{}\n{\"longer than eight\":7}\n")
        #expect(parsed.names == ["a", "b", "c", "longer than eight"])
        #expect(parsed.rows.map { $0["a"] } == [.raw("1"), .raw("4"), .absent, .absent, .absent, .absent])
        #expect(parsed.rows.map { $0["b"] } == [.raw("2"), .raw("3"), .absent, .raw("6"), .absent, .absent])
        #expect(parsed.rows[2]["c"] == .raw("5"))
        #expect(parsed.rows[5]["longer than eight"] == .raw("7"))
    }

    @Test func columnsThatTurnUpInTheMiddleOfABatchKeepItsRows() {
        var text = ""
        for i in 0..<200 { text += "{\"first\":\(i),\"k\(i)\":\"v\(i)\"}\n" }
        let parsed = parse(.jsonLines, text)
        #expect(parsed.error == nil)
        #expect(parsed.names.count == 201)
        for i in 0..<200 {
            #expect(parsed.rows[i]["first"] == .raw("\(i)"))
            #expect(parsed.rows[i]["k\(i)"] == .text("v\(i)"))
            #expect(parsed.rows[i]["k\((i + 1) % 200)"] == .absent)
        }
    }

    @Test func selectedKeysOnly() {
        let input = bytes("{\"a\":1,\"b\":{\"c\":2},\"c\":3}\n{\"c\":4,\"x\":\"\\n\",\"a\":5}\n")
        let parsed = parse(.jsonLines, [input], selection: .only([bytes("c"), bytes("q")]))
        #expect(parsed.names == ["c"])
        #expect(parsed.rows == [["c": .raw("3")], ["c": .raw("4")]])
        #expect(parse(.jsonLines, [input], selection: .all(except: [bytes("a")])).names == ["b", "c", "x"])
    }

    @Test func moreUnwantedKeysThanAreRemembered() {
        var text = ""
        for i in 0..<9000 { text += "{\"u\(i)\":0,\"a\":\(i)}\n" }
        let parsed = parse(.jsonLines, [bytes(text)], selection: .only([bytes("a")]))
        #expect(parsed.error == nil)
        #expect(parsed.rows.map { $0["a"] } == (0..<9000).map { .raw("\($0)") })
    }

    @Test func tooManyColumns() {
        let text = (0..<20).map { "{\"k\($0)\":1}\n" }.joined()
        let parsed = parse(.jsonLines, text, limits: ParserLimits(maximumColumns: 10))
        #expect(parsed.error?.code == .tooManyColumns)
        #expect(parsed.error?.line == 11)
    }

    @Test func arraysOfObjects() {
        for text in ["[]", " [ ] \n", "\n\n[\n]\n"] {
            #expect(parse(.jsonLines, text) == Parsed())
        }
        let parsed = parse(.jsonLines, "[{\"a\":1},\n  {\n\"a\"\n:\n2\n}\n,{}]\n")
        #expect(parsed.error == nil)
        #expect(parsed.rows == [["a": .raw("1")], ["a": .raw("2")], ["a": .absent]])
    }

    @Test(arguments: [
        ("[{\"a\":1}", 1), ("[{\"a\":1},]", 1), ("[\n1]", 2), ("[{}\n{}]", 2), ("[{}]\n{}", 2), ("[,{}]", 1),
        ("[{}],", 1), ("[[{}]]", 1), ("[\n{\"a\":\n}]", 2), ("[", 1),
    ])
    func refusesBadArrays(_ text: String, _ line: Int) {
        let parsed = parse(.jsonLines, text)
        #expect(parsed.error?.code == .malformed)
        #expect(parsed.error?.line == line)
    }

    /// Values as they may not be; each stands in the second line.
    static let badValues = [
        "", "tru", "nul", "True", "+1", "01", "1.", ".5", "-", "1e", "1e+", "0x1", "NaN", "Infinity", "'a'", "\"a",
        "a\"",
        "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\t\"",
        "\"\u{0}\"",
        "[1,]", "[,1]", "[1 2]", "{\"b\"}", "{\"b\":}", "{\"b\":1,}", "{b:1}", "{1:1}", "[", "]", "{", "}", "[1}",
        "{\"b\":1]",
        "1 2", "1,", "1,\"b\"", "1,b:2", "\"x\" \"y\"", "/*c*/1", "1//c", "\"\\",
    ]

    @Test(arguments: badValues) func refusesBadValues(_ value: String) {
        for selection in [FieldSelection.all(except: []), .only([])] {
            let text = "{\"a\":1}\n{\"a\":\(value)}\n{\"a\":2}\n"
            let parsed = parse(.jsonLines, [bytes(text)], selection: selection)
            #expect(parsed.error?.code == .malformed)
            #expect(parsed.error?.line == 2)
        }
    }

    @Test(arguments: [
        "1", "\"a\"", "null", "{\"a\":1} {\"a\":2}", "{\"a\":1},", "{\"a\":1}]", "{", "{\"a\"", "x", "\u{0}",
        "{\"a\":1}\u{0}",
    ])
    func refusesBadLines(_ line: String) {
        let parsed = parse(.jsonLines, "{}\n\(line)\n{}\n")
        #expect(parsed.error?.code == .malformed)
        #expect(parsed.error?.line == 2)
        #expect(parse(.jsonLines, "{}\n\(line)").error?.line == 2)
    }

    @Test func refusesBytesThatAreNotUTF8WithTheirLine() {
        for where_ in 0..<130 {
            let text =
                bytes("{\"é\":\"\(String(repeating: "é", count: where_))\"}\n{\"b\":\"é")
                + [0xE9] + bytes("\"}\n{}\n")
            let parsed = parse(.jsonLines, [text])
            #expect(parsed.error?.code == .invalidUTF8)
            #expect(parsed.error?.line == 2)
        }
        #expect(parse(.jsonLines, [bytes("[{\"a\":\"") + [0xFF] + bytes("\"}]")]).error?.code == .invalidUTF8)
        #expect(parse(.jsonLines, [bytes("{\"a\":\"") + [0xC3] + bytes("\"}")]).error?.code == .invalidUTF8)
    }

    @Test func depthIsLimited() {
        func nested(_ depth: Int) -> String {
            "{\"a\":" + String(repeating: "[{\"b\":", count: depth / 2) + "1"
                + String(repeating: "}]", count: depth / 2) + "}"
        }
        #expect(parse(.jsonLines, nested(256)).error == nil)
        #expect(parse(.jsonLines, nested(258)).error?.code == .malformed)
        #expect(parse(.jsonLines, "{\"a\":" + String(repeating: "[", count: 1_000_000)).error?.code == .malformed)
    }

    @Test func hugeValues() {
        let limits = ParserLimits(windowBytes: 512, maximumRecordBytes: 50_000)
        let long = String(repeating: "\\u0041b", count: 7000)
        for text in ["{\"a\":1}\n{\"a\":\"\(long)\"}\n{\"a\":3}\n", "[{\"a\":1},\n{\"a\":\"\(long)\"}\n,{\"a\":3}]"] {
            let parsed = parse(.jsonLines, text, limits: limits)
            #expect(parsed.error == nil)
            #expect(parsed.rows.count == 3)
            #expect(parsed.rows[1]["a"] == .text(String(repeating: "Ab", count: 7000)))
        }
        let over = String(repeating: "x", count: 50_000)
        for text in ["{\"a\":1}\n{\"a\":\"\(over)\"}\n", "[{\"a\":1},\n{\"a\":\"\(over)\"}]"] {
            #expect(parse(.jsonLines, text, limits: limits).error?.code == .recordTooLong)
        }
    }

    /// Against the module that reads whole documents, on mutations of valid lines.
    @Test func agreesWithTheDocumentParser() {
        var dice = Dice(state: 11)
        let seeds = [
            #"{"a":1,"b":"x\n\u00e9","c":[1,2.5e-3,{"d":null}],"e":true}"#, #"{"long key here":"é😀","n":-0.10,"o":{}}"#,
            #"{"a" : [ ] , "b":{"x":{"y":[[[]]]}},"c":false}"#,
        ]
        let noise = bytes("{}[]\",:\\ux0123e-+.tfn \u{1}") + [0xC3, 0xA9, 0xFF, 0xF0]
        var accepted = 0
        var refused = 0
        for _ in 0..<20_000 {
            var line = bytes(dice.pick(seeds))
            for _ in 0..<dice.below(3) {
                let place = dice.below(line.count)
                switch dice.below(3) {
                case 0: line[place] = dice.pick(noise)
                case 1: line.insert(dice.pick(noise), at: place)
                default: line.remove(at: place)
                }
            }
            let document = try? JSONValue.parse(line)
            let parsed = parse(.jsonLines, [line])
            // An array at the start is another format.
            if line.first == 0x5B { continue }
            guard let object = document?.objectValue else {
                refused += 1
                if parsed.error == nil { Issue.record("accepted \(String(decoding: line, as: UTF8.self))") }
                continue
            }
            accepted += 1
            guard parsed.error == nil, let row = parsed.rows.first, row.count == object.count else {
                Issue.record("refused \(String(decoding: line, as: UTF8.self))")
                continue
            }
            for (key, value) in object {
                let expected: Value
                switch value {
                case .null: expected = .null
                case .string(let text): expected = .text(text)
                case .number(let number): expected = .raw(number.text)
                case .bool(let flag): expected = .raw(flag ? "true" : "false")
                case .array, .object:
                    guard case .raw(let text)? = row[key] else {
                        Issue.record("no value for \(key)")
                        continue
                    }
                    #expect((try? JSONValue.parse(bytes(text))) == value)
                    continue
                }
                #expect(row[key] == expected)
            }
        }
        #expect(accepted > 5000)
        #expect(refused > 5000)
    }
}
