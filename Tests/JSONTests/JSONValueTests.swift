// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@Suite struct JSONNumberTests {
    @Test(arguments: [
        ("0", 0), ("-0", 0), ("1.0", 1), ("1e3", 1000), ("12.50e1", 125), ("-2.5e1", -25), ("0e99", 0), ("0.000", 0),
        ("1000e-3", 1), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
        ("-9223372036854775808.0", Int.min), ("922337203685477580.7e1", Int.max),
    ])
    func readsExactIntegers(_ text: String, _ value: Int) {
        #expect(JSONNumber(text: text).int == value)
    }

    @Test(arguments: ["1.5", "1e-1", "9223372036854775808", "-9223372036854775809", "1e19", "1e999999999999", "0.1e0"])
    func refusesOtherIntegers(_ text: String) {
        #expect(JSONNumber(text: text).int == nil)
    }

    @Test func keepsTheText() throws {
        #expect(try JSONValue.parse("[1.10,1.0,-0,1E+2]").serializedString() == "[1.10,1.0,-0,1E+2]")
        #expect(JSONNumber(text: "1.5").double == 1.5)
        #expect(JSONNumber(text: "1e400").double == nil)
    }

    @Test func validatesText() {
        #expect(JSONNumber(validating: "1.50")?.text == "1.50")
        for text in ["", " 1", "1 ", "01", "abc", "\"1\"", "1,2", "NaN"] {
            #expect(JSONNumber(validating: text) == nil, "\(text)")
        }
    }

    @Test func alwaysWritesJSON() throws {
        for value in [0, -0.5, 1e300, .nan, .infinity, -.infinity, .leastNonzeroMagnitude] as [Double] {
            let text = JSONValue.number(JSONNumber(value)).serializedString()
            #expect(throws: Never.self) { try JSONValue.parse(text) }
        }
        #expect(JSONNumber(0.1).text == "0.1")
    }
}

@Suite struct JSONObjectTests {
    @Test func keepsOrderAndLastDuplicate() throws {
        let value = try JSONValue.parse(#"{"b":1,"a":2,"b":3}"#)
        #expect(value.serializedString() == #"{"b":3,"a":2}"#)
        #expect(value.objectValue?.keys == ["b", "a"])
    }

    @Test func comparesKeysByBytes() throws {
        let value = try JSONValue.parse("{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(value.objectValue?.count == 2)
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
    }

    /// Past the size where an index takes over from searching.
    @Test func worksAtAnySize() throws {
        var object: JSONObject = [:]
        for number in 0..<100 { object["key \(number)"] = .number(JSONNumber(number)) }
        for number in stride(from: 0, to: 100, by: 2) { object["key \(number)"] = nil }
        object["key 1"] = "changed"
        object["absent"] = nil
        #expect(object.count == 50)
        #expect(object["key 0"] == nil)
        #expect(object["key 1"] == "changed")
        #expect(object["key 99"] == 99)
        #expect(object.keys.first == "key 1")
        for _ in 0..<45 { if let key = object.keys.first { object[key] = nil } }
        #expect(object.keys == ["key 91", "key 93", "key 95", "key 97", "key 99"])
        #expect(object["key 95"] == 95)
    }

    /// Quadratic searching would take minutes here.
    @Test func readsManyKeysInLinearTime() throws {
        let members = (0..<100_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        let value = try JSONValue.parse("{\(members)}")
        #expect(value["k99999"] == 99_999)
    }

    @Test func equalityIgnoresOrder() throws {
        #expect(try JSONValue.parse(#"{"a":1,"b":[{}]}"#) == JSONValue.parse(#"{"b":[{}],"a":1}"#))
        #expect(try JSONValue.parse(#"{"a":1}"#) != JSONValue.parse(#"{"a":1,"b":null}"#))
        #expect(try JSONValue.parse(#"{"a":1}"#) != JSONValue.parse(#"{"b":1}"#))
        #expect(try JSONValue.parse("[1,2]") != JSONValue.parse("[2,1]"))
    }
}

@Suite struct JSONAccessTests {
    @Test func literalsAndAccessors() {
        let value: JSONValue = ["s": "x", "i": 3, "d": 1.5, "b": true, "n": nil, "a": [1, "two"], "o": ["k": false]]
        #expect(value["s"]?.stringValue == "x")
        #expect(value["i"]?.intValue == 3)
        #expect(value["d"]?.doubleValue == 1.5)
        #expect(value["d"]?.intValue == nil)
        #expect(value["b"]?.boolValue == true)
        #expect(value["n"]?.isNull == true)
        #expect(value["a"]?.arrayValue?.count == 2)
        #expect(value["o"]?["k"]?.boolValue == false)
        #expect(value["missing"] == nil)
        #expect(value["s"]?["k"] == nil)
        #expect(value["s"]?.intValue == nil)
        #expect(value["i"]?.stringValue == nil)
    }

    @Test func escapesWhatMustBe() throws {
        let text = "\"\\/\u{8}\u{9}\u{A}\u{C}\u{D}\u{0}\u{1F}\u{7F}é😀"
        let written = JSONValue.string(text).serializedString()
        #expect(written == "\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\u{7F}é😀\"")
        #expect(try JSONValue.parse(written) == .string(text))
    }

    @Test func objectSerializesByItself() {
        let object: JSONObject = ["a": 1, "b": ["c": nil]]
        #expect(object.serializedString() == #"{"a":1,"b":{"c":null}}"#)
        #expect(object.serialized() == JSONValue.object(object).serialized())
    }
}
