// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Records
import Testing

@testable import Tasks

@Suite struct TransferTests {
    @Test func projectionAndMap() throws {
        let tasks = [task("Filter", ["id", "first", "price"], "PROJECTION"), map("id", "id"), map("first", "name")]
        let outcome = try run(tasks, [people])
        #expect(
            outcome.output
                == "{\"id\":\"1\",\"name\":\"Ann\"}\n{\"id\":\"2\",\"name\":\"Bob\"}\n{\"id\":\"3\",\"name\":\"Cy\"}\n")
        #expect(try run(tasks, [people], .csv, .csv).output == "id,name\n1,Ann\n2,Bob\n3,Cy\n")
    }

    @Test func withoutAMapNothingIsWritten() throws {
        for output in [OutputFormat.csv, .jsonLines] {
            let outcome = try run([task("Filter", ["id", "first"], "PROJECTION")], [people], .csv, output)
            #expect(outcome.output.isEmpty)
            #expect(outcome.counters.recordsRead == 3)
            #expect(outcome.counters.recordsWritten == 0)
        }
    }

    @Test func mapAllWithExclusions() throws {
        let tasks = [
            task("Map_all", [], "NO_OP", ["EXCLUDE_SOURCE_FIELDS_LIST": #"["phone","created","not there"]"#])
        ]
        #expect(
            try run(tasks, [people]).output == """
                {"id":"1","first":"Ann","last":"Lee","price":"10.5","qty":"2"}
                {"id":"2","first":"Bob","last":"Ray","price":"-3","qty":"0"}
                {"id":"3","first":"Cy","last":null,"price":"abc","qty":"5"}

                """)
        #expect(try run([task("Map_all", [])], [people], .csv, .csv).output == people)
        #expect(
            try run([task("Map_all", [], nil, ["EXCLUDE_SOURCE_FIELDS_LIST": "[]"])], [people], .csv, .csv).output
                == people)
    }

    @Test func aMapOverridesTheSameNameOfMapAll() throws {
        let input = "a,b,c\n1,2,3\n"
        #expect(try run([map("a", "c"), mapAll], [input]).output == #"{"c":"1","a":"1","b":"2"}"# + "\n")
        #expect(try run([mapAll, map("a", "c")], [input]).output == #"{"a":"1","b":"2","c":"1"}"# + "\n")
        #expect(
            try run([mapAll, map("c", "c"), map("b", "x")], [input]).output == #"{"a":"1","b":"2","c":"3","x":"2"}"#
                + "\n")
    }

    @Test func aProjectionNarrowsMapAllButNoExplicitMapOrFilter() throws {
        let input = "a,b,c,d\n1,2,3,4\n"
        let tasks = [
            task("Filter", ["a", "b", "x,y"], "PROJECTION"), mapAll, map("d", "e"),
            filter("c", "EQUAL_TO", "string", ["VALUE": "3"]),
        ]
        #expect(try run(tasks, [input]).output == #"{"a":"1","b":"2","e":"4"}"# + "\n")
    }

    @Test func missingSourceFieldsAreNull() throws {
        let tasks = [map("gone", "x"), map("a", "y")]
        #expect(try run(tasks, ["a\n1\n"]).output == #"{"x":null,"y":"1"}"# + "\n")
        #expect(try run(tasks, ["a\n1\n"], .csv, .csv).output == "x,y\n,1\n")
        #expect(
            try run(tasks, ["{\"a\":1}\n{\"gone\":2}\n{}\n"], .jsonLines).output
                == "{\"x\":null,\"y\":1}\n{\"x\":2,\"y\":null}\n{\"x\":null,\"y\":null}\n")
    }

    @Test func oneFieldMappedTwice() throws {
        let tasks = [map("a", "x"), map("a", "y")]
        #expect(try run(tasks, ["a\n\"\"\"\"\"\"\n"]).output == #"{"x":"\"\"","y":"\"\""}"# + "\n")
        let long = String(repeating: "\u{1}", count: 100_000)
        let escaped = String(repeating: "\\u0001", count: 100_000)
        #expect(try run(tasks, ["a\n\"\(long)\"\n"]).output == "{\"x\":\"\(escaped)\",\"y\":\"\(escaped)\"}\n")
    }

    @Test func valuesPassThroughByteForByte() throws {
        let line =
            #"{"n":1.10,"big":12345678901234567890.000,"e":1E+5,"s":"\u00e9\/","o":{ "a" : 1.0 },"t":true,"z":null}"#
        #expect(try run([mapAll], [line], .jsonLines).output == line + "\n")
    }

    @Test func filesWithOtherColumnOrders() throws {
        let outcome = try run([map("a", "x"), map("b", "y")], ["a,b\n1,2\n", "b,z,a\n3,0,4\n", "b\n5\n"], .csv, .csv)
        #expect(outcome.output == "x,y\n1,2\n4,3\n,5\n")
    }

    @Test func theSchemaOfTheFirstBatchMakesTheHeader() throws {
        // Columns that turn up anywhere in the first batch are in time for the header.
        let early = "{\"a\":1}\n{\"b\":2}\n{\"a\":3,\"c\":4}\n"
        #expect(try run([mapAll], [early], .jsonLines, .csv).output == "a,b,c\n1,,\n,2,\n3,,4\n")
        var late = ""
        for i in 0..<50 { late += "{\"a\":\(i)}\n" }
        late += "{\"late\":1}\n"
        let limits = ParserLimits(windowBytes: 128)
        for step in [1, 50, 10_000] {
            let error = #expect(throws: TransferError.self) {
                try run([mapAll], [late], .jsonLines, .csv, step: step, limits: limits)
            }
            #expect(error?.cause.code == .columnAfterHeader)
            #expect(error?.input == "file1")
            #expect(error?.description.contains("\"late\"") == true)
        }
        // JSON Lines have no header, and a column nobody writes does no harm.
        #expect(try run([mapAll], [late], .jsonLines, limits: limits).output == late)
        let excluded = task("Map_all", [], nil, ["EXCLUDE_SOURCE_FIELDS_LIST": #"["late"]"#])
        #expect(try run([excluded], [late], .jsonLines, .csv, limits: limits).counters.recordsWritten == 51)
        #expect(try run([map("late", "x")], [late], .jsonLines, .csv, limits: limits).counters.recordsWritten == 51)
    }

    @Test func anotherCSVFileWithANewColumn() throws {
        let files = ["a\n1\n", "a,b\n2,3\n"]
        #expect(throws: TransferError.self) { try run([mapAll], files, .csv, .csv) }
        #expect(try run([mapAll], files).output == "{\"a\":\"1\"}\n{\"a\":\"2\",\"b\":\"3\"}\n")
    }

    @Test func aNewOutputFileHasAHeaderOfItsOwn() throws {
        var transfer = Transfer(plan: try TransferPlan(tasks: [mapAll], input: .csv, outputs: [.csv]))
        func feed(_ name: String, _ text: String) throws -> String {
            transfer.beginInput(name: name)
            try bytes(text).withUnsafeBytes { try transfer.consume($0) }
            try transfer.endInput()
            return String(decoding: transfer.takeOutput(), as: UTF8.self)
        }
        #expect(try feed("1", "a\n1\n") == "a\n1\n")
        #expect(try feed("2", "a\n2\n") == "2\n")
        transfer.beginOutputFile()
        #expect(try feed("3", "b,a\n3,4\n") == "a,b\n4,3\n")
        transfer.beginOutputFile()
        #expect(try feed("4", "a\n") == "")
        try transfer.finish()
        #expect(transfer.counters.recordsWritten == 3)
        #expect(transfer.counters.bytesWritten == "a\n1\n2\na,b\n4,3\n".utf8.count)
        #expect(transfer.counters.bytesRead == "a\n1\na\n2\nb,a\n3,4\na\n".utf8.count)
    }

    @Test func errorsNameTheInputAndTheLineAndStay() throws {
        var transfer = Transfer(plan: try TransferPlan(tasks: [mapAll], input: .csv, outputs: [.jsonLines]))
        transfer.beginInput(name: "in/bad.csv")
        try bytes("a,b\n1,2\nsecret,2,3\n").withUnsafeBytes { try transfer.consume($0) }
        let error = try #require(throws: TransferError.self) { try transfer.endInput() }
        #expect(error.description == "in/bad.csv: line 3: the row has 3 cells, the header has 2")
        #expect(throws: error) { try transfer.finish() }
        #expect(throws: error) { try bytes("a\n").withUnsafeBytes { try transfer.consume($0) } }
    }

    @Test func noInput() throws {
        for (input, output) in [(InputFormat.csv, OutputFormat.csv), (.jsonLines, .jsonLines)] {
            #expect(try run([mapAll], [], input, output).output.isEmpty)
            let empty = try run([mapAll, map("a", "b")], ["", ""], input, output)
            #expect(empty.output.isEmpty)
            #expect(empty.counters == TransferCounters())
        }
    }

    @Test func chunksDoNotMatter() throws {
        let tasks = [
            filter("price", "GREATER_THAN", "double", ["VALUE": "-5"]), map("id", "a"), map("first", "b"),
            map("last", "c"),
        ]
        let whole = try run(tasks, [people])
        for step in 1...people.utf8.count {
            #expect(try run(tasks, [people], step: step).output == whole.output)
            #expect(
                try run(tasks, [people], step: step, limits: ParserLimits(windowBytes: 64)).output == whole.output)
        }
        let asJSON = try run([mapAll], [people]).output
        #expect(try run(tasks, [asJSON], .jsonLines, step: 5).output == whole.output)
    }

    @Test func drainKeepsTheBytesIfItsTakerFails() throws {
        struct Full: Error {}
        var transfer = Transfer(plan: try TransferPlan(tasks: [mapAll], input: .csv, outputs: [.csv]))
        transfer.beginInput(name: "1")
        try bytes("a\n1\n").withUnsafeBytes { try transfer.consume($0) }
        try transfer.finish()
        #expect(throws: Full.self) { try transfer.drainOutput { _ throws(Full) in throw Full() } }
        #expect(transfer.output() == bytes("a\n1\n"))
        transfer.drainOutput { #expect($0.count == 4) }
        #expect(transfer.outputCount() == 0)
    }
}
