// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import Records

@Suite struct WriterTests {
    /// All fields of the input to a format.
    static func convert(_ input: [UInt8], _ from: InputFormat, _ writer: any RecordWriter, omit: Bool = true) throws
        -> String
    {
        let parser = makeParser(from, .all(except: []), ParserLimits())
        let output = OutputBuffer(capacity: 64)
        let take: (RecordBatch) throws(RecordError) -> Void = { batch in
            try writer.setFields(
                batch.schema.names.enumerated().map {
                    OutputField(name: $1, column: $0, isOmittedWhenAbsent: omit)
                })
            let numbers = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: batch.rowCount)
            defer { numbers.deallocate() }
            for row in 0..<batch.rowCount { numbers[row] = UInt32(row) }
            try writer.write(batch, rows: UnsafeBufferPointer(numbers), into: output)
        }
        parser.beginInput()
        try feed(parser, input, take)
        try parser.finishInput(take)
        return String(decoding: output.take(), as: UTF8.self)
    }

    // Written by Python's csv module: minimal quotes and LF, all quotes and CRLF.
    static let minimal =
        "a,b c,\"d,e\"\nplain,,x\n\"q\"\"uote\",\"\"\"start\",\"end\"\"\"\n\"line\nbreak\",cr\rhere,\"crlf\r\nhere\"\n lead,trail ,tab\there\n\\back,\u{1}ctl\u{1f},\u{fc}\u{141}\u{1F600}\n\"a\"\"\"\"b\",\"\"\"\"\"\",\",\"\n"
    static let allQuoted =
        "\"a\",\"b c\",\"d,e\"\r\n\"plain\",\"\",\"x\"\r\n\"q\"\"uote\",\"\"\"start\",\"end\"\"\"\r\n\"line\nbreak\",\"cr\rhere\",\"crlf\r\nhere\"\r\n\" lead\",\"trail \",\"tab\there\"\r\n\"\\back\",\"\u{1}ctl\u{1f}\",\"\u{fc}\u{141}\u{1F600}\"\r\n\"a\"\"\"\"b\",\"\"\"\"\"\",\",\"\r\n"
    /// Written by Python's json module without ensure_ascii.
    static let json = #"""
        {"a":"plain","b c":"","d,e":"x"}
        {"a":"q\"uote","b c":"\"start","d,e":"end\""}
        {"a":"line\nbreak","b c":"cr\rhere","d,e":"crlf\r\nhere"}
        {"a":" lead","b c":"trail ","d,e":"tab\there"}
        {"a":"\\back","b c":"\u0001ctl\u001f","d,e":"üŁ😀"}
        {"a":"a\"\"b","b c":"\"\"","d,e":","}

        """#

    @Test func fixedVectors() throws {
        let nulled = Self.json.replacing("\"b c\":\"\",", with: "\"b c\":null,")
        #expect(try Self.convert(bytes(Self.minimal), .csv, JSONLinesWriter()) == nulled)
        #expect(try Self.convert(bytes(Self.allQuoted), .csv, JSONLinesWriter()) == Self.json)
        #expect(try Self.convert(bytes(Self.json), .jsonLines, JSONLinesWriter()) == Self.json)
        // Python leaves lone carriage returns bare; here they are quoted, as readers differ on them.
        let ours = Self.minimal.replacing("cr\rhere", with: "\"cr\rhere\"")
        #expect(try Self.convert(bytes(Self.minimal), .csv, CSVWriter()) == ours)
        #expect(
            try Self.convert(bytes(Self.json), .jsonLines, CSVWriter())
                == ours.replacing("plain,,x", with: "plain,\"\",x"))
    }

    @Test func jsonValuesIntoCSV() throws {
        let input = #"{"a":1.50,"b":{"x":[1,"y"]},"c":true,"d":null,"e":"q\"\u00e9,","f":[]}"#
        #expect(
            try Self.convert(bytes(input), .jsonLines, CSVWriter())
                == "a,b,c,d,e,f\n1.50,\"{\"\"x\"\":[1,\"\"y\"\"]}\",true,,\"q\"\"é,\",[]\n")
    }

    @Test func absentFields() throws {
        let input = bytes("{\"a\":1}\n{\"b\":2}\n{}\n{\"a\":3,\"b\":4}\n")
        #expect(
            try Self.convert(input, .jsonLines, JSONLinesWriter()) == "{\"a\":1}\n{\"b\":2}\n{}\n{\"a\":3,\"b\":4}\n")
        #expect(
            try Self.convert(input, .jsonLines, JSONLinesWriter(), omit: false)
                == "{\"a\":1,\"b\":null}\n{\"a\":null,\"b\":2}\n{\"a\":null,\"b\":null}\n{\"a\":3,\"b\":4}\n")
        #expect(try Self.convert(input, .jsonLines, CSVWriter()) == "a,b\n1,\n,2\n,\n3,4\n")
    }

    @Test func rowsThatWereThereBeforeTheirBatchGrewWider() throws {
        let lines = (0..<70).map { "{\"k\($0)\":\($0)}\n" }.joined()
        #expect(try Self.convert(bytes(lines), .jsonLines, JSONLinesWriter()) == lines)
    }

    @Test func namesAreEscaped() throws {
        let input = bytes("\"a\"\"b\",\"c\nd\",\"e,f\\\"\n1,2,3\n")
        #expect(try Self.convert(input, .csv, JSONLinesWriter()) == #"{"a\"b":"1","c\nd":"2","e,f\\":"3"}"# + "\n")
        #expect(try Self.convert(input, .csv, CSVWriter()) == "\"a\"\"b\",\"c\nd\",\"e,f\\\"\n1,2,3\n")
    }

    @Test func everyControlCharacterIsEscaped() throws {
        for byte in UInt8(0)..<0x20 {
            let input = bytes("a,b\nx\"") + [0x22] + [byte] + bytes("\",\"") + [byte] + bytes("\"\n")
            guard byte != 0x0A else { continue }
            let text = try Self.convert(input, .csv, JSONLinesWriter())
            let line = try #require(text.split(separator: "\n").first)
            let value = try JSONValue.parse(bytes(String(line)))
            #expect(value["b"]?.stringValue == String(UnicodeScalar(byte)))
            #expect(!line.utf8.contains { $0 < 0x20 })
        }
    }

    /// What needs escapes, at any place of a block, in rows that have no quotes to give them away.
    @Test func bareSpecialsAreEscaped() throws {
        for padding in 0..<140 {
            let pad = String(repeating: "p", count: padding)
            let input = bytes("a,b\n\(pad)\\x,\u{1}\n\(pad),y\rz\n1,2\n")
            #expect(
                try Self.convert(input, .csv, JSONLinesWriter())
                    == #"{"a":"\#(pad)\\x","b":"\u0001"}"# + "\n"
                    + #"{"a":\#(padding == 0 ? "null" : "\"\(pad)\""),"b":"y\rz"}"#
                    + "\n" + #"{"a":"1","b":"2"}"# + "\n")
            #expect(
                try Self.convert(input, .csv, CSVWriter())
                    == "a,b\n\(pad)\\x,\u{1}\n\(pad),\"y\rz\"\n1,2\n")
            // A carriage return that ends the line is no part of the cell.
            let ends = bytes("a,b\r\n\(pad)q,r\r\n1,2\r\n")
            #expect(try Self.convert(ends, .csv, CSVWriter()) == "a,b\n\(pad)q,r\n1,2\n")
        }
    }

    /// Any text, by way of CSV and JSON and back, is the same text.
    @Test func roundTrips() throws {
        var dice = Dice(state: 5)
        let pieces = [
            "a", "plain words", "\"", "\"\"", ",", "\n", "\r", "\r\n", "\\", "\t", "\u{0}", "\u{1f}", "\u{7f}", "é",
            "Ł", "😀", "\u{2028}", " ",
        ]
        for round in 0..<300 {
            var cells: [[String]] = []
            for _ in 0..<dice.below(12) + 1 {
                cells.append(
                    (0..<3).map { _ in (0..<dice.below(round % 8 + 1)).map { _ in dice.pick(pieces) }.joined() })
            }
            var csv = "x,y,z\n"
            for row in cells {
                csv += row.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",") + "\n"
            }
            let json = try Self.convert(bytes(csv), .csv, JSONLinesWriter())
            let back = try Self.convert(bytes(json), .jsonLines, CSVWriter())
            let again = try Self.convert(bytes(back), .csv, CSVWriter())
            #expect(again == back)
            let values = try json.split(separator: "\n").map { line in
                let value = try JSONValue.parse(bytes(String(line)))
                return ["x", "y", "z"].map { value[$0]?.stringValue }
            }
            #expect(values == cells)
            let parsed = parse(.csv, back)
            #expect(parsed.rows.map { row in ["x", "y", "z"].map { row[$0] } } == cells.map { $0.map { .text($0) } })
        }
    }

    @Test func theHeaderIsWrittenOncePerFile() throws {
        let writer = CSVWriter()
        #expect(try Self.convert(bytes("a,b\n1,2\n"), .csv, writer) == "a,b\n1,2\n")
        #expect(try Self.convert(bytes("a,b\n3,4\n"), .csv, writer) == "3,4\n")
        writer.beginFile()
        #expect(try Self.convert(bytes("a,b\n5,6\n"), .csv, writer) == "a,b\n5,6\n")
    }

    @Test func aColumnAfterTheHeaderIsAnError() throws {
        let writer = CSVWriter()
        _ = try Self.convert(bytes("a,b\n1,2\n"), .csv, writer)
        let error = #expect(throws: RecordError.self) { try Self.convert(bytes("a,b,new one\n1,2,3\n"), .csv, writer) }
        #expect(error?.code == .columnAfterHeader)
        #expect(error?.description.contains("\"new one\"") == true)
        writer.beginFile()
        #expect(try Self.convert(bytes("a,b,c\n1,2,3\n"), .csv, writer) == "a,b,c\n1,2,3\n")
    }
}
