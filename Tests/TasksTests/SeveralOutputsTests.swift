// SPDX-License-Identifier: Apache-2.0
import Records
import Testing

@testable import Tasks

@Suite struct SeveralOutputsTests {
    /// Files of their own size, so that each is a batch of its own.
    private func feed(_ transfer: inout Transfer, _ files: String...) throws {
        for file in files {
            transfer.beginInput(name: "file")
            try bytes(file).withUnsafeBytes { try transfer.consume($0) }
            try transfer.endInput()
        }
    }

    private func make(_ outputs: [OutputFormat], input: InputFormat = .csv) throws -> Transfer {
        Transfer(plan: try TransferPlan(tasks: [mapAll], input: input, outputs: outputs))
    }

    private func taken(_ transfer: inout Transfer, _ place: Int) -> String {
        String(decoding: transfer.takeOutput(of: place), as: UTF8.self)
    }

    /// Read once, each output gets what it would get alone.
    @Test func eachFormatIsAsIfItWereAlone() throws {
        let keep = filter("qty", "NOT_EQUAL_TO", "int", ["VALUE": "5"])
        let tasks = [keep, map("id", "number"), map("last", "name")]
        var transfer = Transfer(
            plan: try TransferPlan(tasks: tasks, input: .csv, outputs: [.csv, .jsonLines, .csv]))
        try feed(&transfer, people)
        try transfer.finish()
        let csv = try run(tasks, [people], .csv, .csv)
        let json = try run(tasks, [people], .csv, .jsonLines)
        #expect([0, 1, 2].map { taken(&transfer, $0) } == [csv.output, json.output, csv.output])
        #expect(csv.output == "number,name\n1,Lee\n2,Ray\n")
        let counters = transfer.counters
        #expect(counters.recordsRead == 3 && counters.recordsFiltered == 1 && counters.recordsWritten == 2)
        #expect(counters.bytesRead == people.utf8.count)
        #expect(counters.bytesWritten == 2 * csv.output.utf8.count + json.output.utf8.count)
    }

    @Test func eachOutputHasFilesOfItsOwn() throws {
        var transfer = try make([.csv, .csv])
        try feed(&transfer, "a\n1\n")
        #expect(taken(&transfer, 0) == "a\n1\n")
        transfer.beginOutputFile(of: 0)
        try feed(&transfer, "a\n2\n")
        #expect(taken(&transfer, 0) == "a\n2\n" && taken(&transfer, 1) == "a\n1\n2\n")
    }

    /// A column that appears late: one CSV file has no room for it, JSON has.
    @Test func aFormatThatCannotHoldTheRecordsFailsAlone() throws {
        var transfer = try make([.csv, .jsonLines])
        try feed(&transfer, "a\n1\n", "a,b\n2,3\n", "a\n4\n")
        try transfer.finish()
        let failure = try #require(transfer.outputFailure(of: 0))
        #expect(failure.input == "file" && transfer.outputFailure(of: 1) == nil)
        #expect(transfer.outputCount(of: 0) == 0)
        #expect(taken(&transfer, 1) == "{\"a\":\"1\"}\n{\"a\":\"2\",\"b\":\"3\"}\n{\"a\":\"4\"}\n")
        #expect(transfer.counters.recordsWritten == 3)

        var alone = try make([.csv])
        #expect(throws: failure) { try feed(&alone, "a\n1\n", "a,b\n2,3\n") }
    }

    @Test func aClosedOutputGetsNothingMore() throws {
        var transfer = try make([.jsonLines, .jsonLines])
        try feed(&transfer, "a\n1\n")
        transfer.closeOutput(0)
        #expect(transfer.outputCount(of: 0) == 0)
        try feed(&transfer, "a\n2\n")
        #expect(transfer.outputCount(of: 0) == 0 && transfer.outputFailure(of: 0) == nil)
        #expect(taken(&transfer, 1) == "{\"a\":\"1\"}\n{\"a\":\"2\"}\n")
    }
}
