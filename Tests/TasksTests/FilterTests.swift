// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Records
import Testing

@testable import Tasks

@Suite struct FilterTests {
    /// The ids that a filter keeps of `people`.
    static let ofPeople: [(FlowTask, [String])] = [
        (filter("first", "EQUAL_TO", "string", ["VALUES": "Ann,Cy"]), ["1", "3"]),
        (filter("first", "EQUAL_TO", "string", ["VALUE": "Ann,Cy"]), []),
        (filter("first", "EQUAL_TO", "string", ["VALUES": "Ann, Cy"]), ["1"]),
        (filter("first", "EQUAL_TO", "string", ["VALUE": "ann"]), []),
        (filter("first", "NOT_EQUAL_TO", "string", ["VALUES": "Ann,Cy"]), ["2"]),
        (filter("last", "NOT_EQUAL_TO", "string", ["VALUE": "Lee"]), ["2", "3"]),
        (filter("last", "EQUAL_TO", "string", ["VALUES": ",Lee"]), ["1"]),
        (filter("qty", "GREATER_THAN", "integer", ["VALUE": "0"]), ["1", "3"]),
        (filter("qty", "GREATER_THAN_OR_EQUAL_TO", "integer", ["VALUE": "0"]), ["1", "2", "3"]),
        (filter("qty", "LESS_THAN", "integer", ["VALUE": "5"]), ["1", "2"]),
        (filter("qty", "LESS_THAN_OR_EQUAL_TO", "integer", ["VALUE": "5.0"]), ["1", "2", "3"]),
        (filter("price", "GREATER_THAN", "double", ["VALUE": "-3"]), ["1"]),
        (filter("price", "LESS_THAN", "double", ["VALUE": "1e9"]), ["1", "2"]),
        (filter("price", "NOT_EQUAL_TO", "double", ["VALUE": "-3.0"]), ["1", "3"]),
        (filter("price", "EQUAL_TO", "Edm.Decimal", ["VALUES": "10.50,7"]), ["1"]),
        (
            filter("created", "BETWEEN", "datetime", ["LOWER_BOUND": "1643587200000", "UPPER_BOUND": "1646697600000"]),
            ["1", "2"]
        ),
        // Both ends are exclusive.
        (
            filter("created", "BETWEEN", "datetime", ["LOWER_BOUND": "1643673600000", "UPPER_BOUND": "2022-04-01"]),
            ["2"]
        ),
        (filter("id", "BETWEEN", "long", ["LOWER_BOUND": "1", "UPPER_BOUND": "3"]), ["2"]),
        (filter("first", "BETWEEN", "string", ["LOWER_BOUND": "Ann", "UPPER_BOUND": "Cy"]), ["2"]),
        (filter("created", "LESS_THAN", "date", ["VALUE": "2022-03-01T01:00:00+01:00"]), ["1"]),
        (filter("created", "LESS_THAN_OR_EQUAL_TO", "date", ["VALUE": "2022-03-01T01:00:00+01:00"]), ["1", "2"]),
        (filter("created", "EQUAL_TO", "datetime", ["VALUES": "1643673600000,2022-04-01"]), ["1", "3"]),
        (filter("first", "GREATER_THAN", "some.unknown.type", ["VALUE": "Ann"]), ["2", "3"]),
        (filter("none", "EQUAL_TO", "string", ["VALUE": "x"]), []),
        (filter("none", "NOT_EQUAL_TO", "string", ["VALUE": "x"]), ["1", "2", "3"]),
        (filter("none", "LESS_THAN", "integer", ["VALUE": "1"]), []),
        (filter("phone", "LESS_THAN", "string", ["VALUE": "5"]), ["2"]),
    ]

    @Test(arguments: ofPeople.indices) func keeps(_ index: Int) throws {
        let (filter, ids) = Self.ofPeople[index]
        let outcome = try run([filter, mapAll], [people])
        #expect(try values(outcome.output) == ids, "\(filter)")
        #expect(outcome.counters.recordsRead == 3)
        #expect(outcome.counters.recordsFiltered == 3 - ids.count)
        #expect(outcome.counters.recordsWritten == ids.count)
    }

    @Test func withoutADataTypeTextIsCompared() throws {
        let text = task("Filter", ["qty"], "EQUAL_TO", ["VALUE": "2.0"])
        #expect(try run([text, mapAll], [people]).counters.recordsWritten == 0)
    }

    @Test func aFieldThatTurnsUpLate() throws {
        let late = String(repeating: "{\"a\":0}\n", count: 40) + "{\"a\":1,\"f\":\"x\"}\n{\"a\":2,\"f\":\"y\"}\n"
        let filter = filter("f", "EQUAL_TO", "string", ["VALUE": "y"])
        let outcome = try run([filter, map("a", "a")], [late], .jsonLines, limits: ParserLimits(windowBytes: 100))
        #expect(outcome.output == "{\"a\":2}\n")
    }

    @Test func filtersAreJoinedByAnd() throws {
        let both = [
            filter("qty", "GREATER_THAN", "integer", ["VALUE": "0"]),
            filter("first", "NOT_EQUAL_TO", "string", ["VALUE": "Ann"]),
        ]
        #expect(try values(run(both + [mapAll], [people]).output) == ["3"])
        #expect(try values(run([mapAll] + both.reversed(), [people]).output) == ["3"])
    }

    /// JSON values are compared by what they mean, not by how they are written.
    static let ofJSON: [(String, String, String, [String: String], Bool)] = [
        (#""caf\u00e9""#, "EQUAL_TO", "string", ["VALUE": "café"], true),
        (#""a\"b\\c\/d""#, "EQUAL_TO", "string", ["VALUE": "a\"b\\c/d"], true),
        (#""\ud83d\ude00""#, "EQUAL_TO", "string", ["VALUE": "😀"], true),
        (#""\u0031\u0032""#, "GREATER_THAN", "integer", ["VALUE": "11"], true),
        (#""2022-02-01T00:00:00\u005a""#, "EQUAL_TO", "datetime", ["VALUE": "2022-02-01"], true),
        (#""tru\u0065""#, "EQUAL_TO", "boolean", ["VALUE": "true"], true),
        ("true", "EQUAL_TO", "boolean", ["VALUE": "TRUE"], true),
        ("true", "EQUAL_TO", "string", ["VALUE": "true"], true),
        ("false", "EQUAL_TO", "boolean", ["VALUE": "true"], false),
        ("false", "NOT_EQUAL_TO", "boolean", ["VALUE": "true"], true),
        (#""perhaps""#, "NOT_EQUAL_TO", "boolean", ["VALUE": "true"], true),
        ("1", "EQUAL_TO", "boolean", ["VALUE": "true"], false),
        ("true", "GREATER_THAN", "integer", ["VALUE": "0"], false),
        ("null", "EQUAL_TO", "string", ["VALUE": "null"], false),
        ("null", "NOT_EQUAL_TO", "string", ["VALUE": "null"], true),
        (#""null""#, "EQUAL_TO", "string", ["VALUE": "null"], true),
        ("10", "EQUAL_TO", "string", ["VALUE": "10"], true),
        ("10.0", "EQUAL_TO", "string", ["VALUE": "10"], false),
        ("10.0", "EQUAL_TO", "number", ["VALUE": "10"], true),
        ("1e1", "EQUAL_TO", "number", ["VALUE": "10"], true),
        (#"[1,2]"#, "EQUAL_TO", "string", ["VALUE": "[1,2]"], true),
        (#"{"a":1}"#, "GREATER_THAN", "number", ["VALUE": "0"], false),
        ("1646092800000", "EQUAL_TO", "datetime", ["VALUE": "2022-03-01"], true),
        (#""""#, "EQUAL_TO", "string", ["VALUES": "x,"], true),
        (#""""#, "GREATER_THAN", "integer", ["VALUE": "-1"], false),
        (#""abcdefgh""#, "LESS_THAN", "string", ["VALUE": "abcdefghi"], true),
        (#""abcdefghj""#, "LESS_THAN", "string", ["VALUE": "abcdefghi"], false),
        (#""abcdefghi""#, "EQUAL_TO", "string", ["VALUE": "abcdefghi"], true),
        (#""abcdefghj""#, "EQUAL_TO", "string", ["VALUE": "abcdefghi"], false),
        (#""abcdefghj""#, "GREATER_THAN", "string", ["VALUE": "abcdefghi"], true),
        (#""abcdefghi""#, "GREATER_THAN", "string", ["VALUE": "abcdefgh"], true),
        (#""ab\u0000""#, "EQUAL_TO", "string", ["VALUE": "ab"], false),
        (#""é""#, "GREATER_THAN", "string", ["VALUE": "z"], true),
    ]

    @Test(arguments: ofJSON.indices) func comparesJSON(_ index: Int) throws {
        let (value, op, type, properties, kept) = Self.ofJSON[index]
        let outcome = try run([filter("v", op, type, properties), map("v", "v")], ["{\"v\":\(value)}\n"], .jsonLines)
        #expect(outcome.counters.recordsWritten == (kept ? 1 : 0), "\(value) \(op) \(properties)")
        if kept { #expect(outcome.output == "{\"v\":\(value)}\n") }
    }
}
