// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Records

@Suite struct CSVParserTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let input: String
        let rows: [[String?]]
        var testDescription: String { name }

        init(_ name: String, _ input: String, _ rows: [[String?]]) {
            self.name = name
            self.input = input
            self.rows = rows
        }
    }

    /// Rows of the columns a and b; nil is null.
    static let samples = [
        Sample("plain", "a,b\n1,2\n3,4\n", [["1", "2"], ["3", "4"]]),
        Sample("no line end at the end", "a,b\n1,2", [["1", "2"]]),
        Sample("CRLF", "a,b\r\n1,2\r\n3,\r\n", [["1", "2"], ["3", nil]]),
        Sample("CR at the end of the file", "a,b\n1,2\r", [["1", "2"]]),
        Sample("byte order mark", "\u{FEFF}a,b\n1,2\n", [["1", "2"]]),
        Sample("byte order mark before a quote", "\u{FEFF}\"a\",b\n1,2\n", [["1", "2"]]),
        Sample("empty and quoted empty", "a,b\n,\"\"\n\"\",\n", [[nil, ""], ["", nil]]),
        Sample("quoted comma and line end", "a,b\n\"1,2\",\"x\ny\"\n", [["1,2", "x\ny"]]),
        Sample("quoted CRLF stays", "a,b\r\n\"x\r\ny\",z\r\n", [["x\r\ny", "z"]]),
        Sample("doubled quotes", "a,b\n\"\"\"x\"\"\",\"\"\"\"\n", [["\"x\"", "\""]]),
        Sample("quotes in the middle are text", "a,b\n5\" pipe,x\"y,\n", [["5\" pipe", "x\"y"]]).shortened(),
        Sample("quotes all over", "\"a\",\"b\"\r\n\"1\",\"2\"\r\n", [["1", "2"]]),
        Sample("header only", "a,b\n", []),
        Sample("header without a line end", "a,b", []),
        Sample("nothing", "", []),
        Sample("only a byte order mark", "\u{FEFF}", []),
        Sample("empty lines are skipped", "\n\r\na,b\n\n1,2\n\r\n\n3,4\n\n", [["1", "2"], ["3", "4"]]),
        Sample("short rows", "a,b\n1\n\"2\"\n", [["1", nil], ["2", nil]]),
        Sample("lone CR is text", "a,b\n1\r2,3\n", [["1\r2", "3"]]),
        Sample("blanks stay", "a,b\n 1 ,\t2\n", [[" 1 ", "\t2"]]),
        Sample("backslash is text", "a,b\n\\,\\\"\n", [["\\", "\\\""]]),
        Sample("non-ASCII", "a,b\nü,\"Łódź 😀\"\n", [["ü", "Łódź 😀"]]),
        Sample("a quote after a blank is text", "a,b\n \"x\",y\n", [[" \"x\"", "y"]]),
    ]

    @Test(arguments: samples) func reads(_ sample: Sample) {
        let expected = sample.rows.map { row in
            Row(uniqueKeysWithValues: zip(["a", "b"], row.map { $0.map(Value.text) ?? .null }))
        }
        let parsed = parse(.csv, sample.input)
        #expect(parsed.error == nil)
        #expect(parsed.rows == expected)
    }

    @Test func anEmptyLineOfOneColumnIsNull() {
        let parsed = parse(.csv, "a\n1\n\n\"\"\n")
        #expect(parsed.rows == [["a": .text("1")], ["a": .null], ["a": .text("")]])
    }

    @Test(arguments: [
        ("text after a closing quote", "a,b\n1,2\n\"x\"y,2\n", RecordError.Code.malformed, 3),
        ("text after a closing quote at the end", "a,b\n1,\"x\"y", .malformed, 2),
        ("a quoted CR", "a,b\n\"x\"\r\"y\",2\n", .malformed, 2),
        ("CR between quote and comma", "a,b\n\"x\"\r,2\n", .malformed, 2),
        ("an open quote", "a,b\n1,2\n3,\"4\n5,6\n", .malformed, 3),
        ("an open quote in the header", "\"a,b\n1,2\n", .malformed, 1),
        ("a long row", "a,b\n\"1\n\",2\n1,2,3\n", .rowTooLong, 4),
        ("a long row after doubled quotes before line ends", "a,b\n\"\"\"\"\"\n\n\",2\n1,2,3\n", .rowTooLong, 5),
        ("a long row with quotes", "a,b\n1,\"2\",3\n", .rowTooLong, 2),
        ("a trailing comma", "a,b\n1,2,\n", .rowTooLong, 2),
        ("a column twice", "a,b,a\n1,2,3\n", .duplicateColumn, 1),
    ])
    func refuses(_ name: String, _ input: String, _ code: RecordError.Code, _ line: Int) {
        let parsed = parse(.csv, input)
        #expect(parsed.error?.code == code)
        #expect(parsed.error?.line == line)
    }

    @Test func refusesBytesThatAreNotUTF8WithTheirLine() {
        for bad in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80], [0x80]]
            as [[UInt8]]
        {
            for padding in 0..<140 {
                let text = bytes("a,b\n\"é\n\(String(repeating: "x", count: padding))") + bad + bytes("é\",2\n3,4\n")
                let parsed = parse(.csv, [text])
                #expect(parsed.error?.code == .invalidUTF8)
                #expect(parsed.error?.line == 3)
            }
        }
        #expect(parse(.csv, [bytes("a\n") + [0xE2, 0x82]]).error?.line == 2)
        #expect(parse(.csv, [[0x61, 0xFF, 0x0A]]).error?.line == 1)
    }

    @Test func selectedColumnsOnly() {
        let input = bytes("a,b,c,d\n1,2,3,4\n5,\"6\",\"7,\",8\n9\n")
        let parsed = parse(.csv, [input], selection: .only([bytes("d"), bytes("b"), bytes("z")]))
        #expect(parsed.names == ["b", "d"])
        #expect(
            parsed.rows == [
                ["b": .text("2"), "d": .text("4")], ["b": .text("6"), "d": .text("8")], ["b": .null, "d": .null],
            ])
        let others = parse(.csv, [input], selection: .all(except: [bytes("b")]))
        #expect(others.names == ["a", "c", "d"])
    }

    @Test func aColumnTwiceIsNoMatterIfNobodyWantsIt() {
        let parsed = parse(.csv, [bytes("a,x,x\n1,2,3\n")], selection: .only([bytes("a")]))
        #expect(parsed.rows == [["a": .text("1")]])
    }

    @Test func filesAreMatchedByName() {
        let parsed = parse(.csv, [bytes("a,b\n1,2\n"), bytes("c,a\n3,4\n"), bytes("b\n5\n")])
        #expect(parsed.names == ["a", "b", "c"])
        #expect(
            parsed.rows == [
                ["a": .text("1"), "b": .text("2"), "c": .absent], ["a": .text("4"), "b": .absent, "c": .text("3")],
                ["a": .absent, "b": .text("5"), "c": .absent],
            ])
    }

    @Test func aFileAfterAnotherStartsAtLineOne() {
        let parsed = parse(.csv, [bytes("a\n1\n2\n3\n"), bytes("a\nx,y\n")])
        #expect(parsed.error?.line == 2)
    }

    @Test func tooManyColumns() {
        let header = (0..<20).map { "c\($0)" }.joined(separator: ",")
        #expect(parse(.csv, header + "\n", limits: ParserLimits(maximumColumns: 19)).error?.code == .tooManyColumns)
        #expect(parse(.csv, header + "\n", limits: ParserLimits(maximumColumns: 20)).error == nil)
    }

    @Test func hugeFields() {
        let limits = ParserLimits(windowBytes: 1024, maximumRecordBytes: 100_000)
        let long = String(repeating: "y,\n\"\"", count: 19_000)
        let fits = parse(.csv, "a,b\n1,2\n\"\(long)\",x\n3,4\n", limits: limits)
        #expect(fits.error == nil)
        #expect(fits.rows.count == 3)
        #expect(fits.rows[1]["a"] == .text(String(repeating: "y,\n\"", count: 19_000)))
        let over = String(repeating: "y", count: 100_001)
        for quote in ["", "\""] {
            let parsed = parse(.csv, "a,b\n1,2\n\(quote)\(over)\(quote),x\n", limits: limits)
            #expect(parsed.error?.code == .recordTooLong)
            #expect(parsed.error?.line == 3)
        }
    }

    @Test func rowsOfAWideHeaderComeInSeveralBatches() {
        let columns = 4000
        let header = (0..<columns).map { "c\($0)" }.joined(separator: ",")
        let parser = CSVParser(selection: .all(except: []))
        var rows = 0
        var batches = 0
        let input = bytes(header + "\n" + String(repeating: "x\n", count: 1000))
        let take: (RecordBatch) throws(RecordError) -> Void = { batch in
            rows += batch.rowCount
            batches += 1
            #expect(batch.cells[(batch.rowCount - 1) * batch.stride].isMissing == false)
            #expect(batch.cells[(batch.rowCount - 1) * batch.stride + columns - 1].kind == .null)
        }
        #expect(throws: Never.self) {
            parser.beginInput()
            try feed(parser, input, take)
            try parser.finishInput(take)
        }
        #expect(rows == 1000)
        #expect(batches > 20)
    }
}

extension CSVParserTests.Sample {
    /// The same without the comma before the last line end.
    func shortened() -> Self { Self(name, String(input.dropLast(2)) + "\n", rows) }
}
