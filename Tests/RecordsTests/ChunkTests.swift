// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Records

/// How the input is cut must never show.
@Suite struct ChunkTests {
    static let csv = """
        \u{FEFF}id,note,"na""me"\r
        1,plain,x\r
        2,"quoted, with\r
        line ends and ""quotes""\",Łódź\r

        3,,""\r
        4,a \\ and a \u{2} control,\"\"\"\"
        """

    static let json = """
        \u{FEFF}{"id":1,"note":"a\\u00e9\\ud83d\\ude00\\n","deep":{"x":[1,{"y":"]}"}],"z":null}}\r

        {"note" : "second" , "id":-1.50e+3,"new":true}
        {}
          {"id":null,"id":2}
        """

    static let array = """
         [ {"id":1,"note":"\\ud83d\\ude00","deep":[[],{}]} ,
        {"id":2.0,
         "note":"two"},{}
        ]

        """

    @Test(arguments: [(InputFormat.csv, csv, 4), (.jsonLines, json, 4), (.jsonLines, array, 3)])
    func cutAnywhere(_ format: InputFormat, _ text: String, _ count: Int) {
        let input = bytes(text)
        let whole = parse(format, [input])
        #expect(whole.error == nil)
        #expect(whole.rows.count == count)
        for cut in 1..<input.count { #expect(parse(format, [input], cuts: [cut]) == whole) }
        #expect(parse(format, [input], cuts: Array(1..<input.count)) == whole)
        // Windows as small as they get: records are put together from several.
        for size in 64..<160 {
            let limits = ParserLimits(windowBytes: size)
            #expect(parse(format, [input], limits: limits) == whole)
            #expect(
                parse(format, [input], cuts: Array(stride(from: 7, to: input.count, by: 7)), limits: limits) == whole)
        }
    }

    /// Batches, not just records, are the same: schema decisions hang on them.
    @Test func batchesDoNotDependOnChunks() {
        var dice = Dice(state: 3)
        var input = bytes("a,b\n")
        for i in 0..<400 { input += bytes("\(i),\(String(repeating: "z", count: dice.below(40)))\n") }
        func batchSizes(_ step: Int) -> [Int] {
            let parser = CSVParser(selection: .all(except: []), limits: ParserLimits(windowBytes: 500))
            var sizes: [Int] = []
            let take: (RecordBatch) throws(RecordError) -> Void = { sizes.append($0.rowCount) }
            do {
                parser.beginInput()
                for start in stride(from: 0, to: input.count, by: step) {
                    let chunk = Array(input[start..<min(start + step, input.count)])
                    try feed(parser, chunk, take)
                }
                try parser.finishInput(take)
            } catch {
                Issue.record(error)
            }
            return sizes
        }
        let whole = batchSizes(input.count)
        #expect(whole.count > 10)
        for step in [1, 3, 64, 499, 500, 501, 2000] { #expect(batchSizes(step) == whole) }
    }

    /// Errors, too, are the same wherever the input is cut.
    @Test(arguments: [
        (InputFormat.csv, "a,b\n1,2\n\"x\"y,1\n"), (.csv, "a,b\n1,2,3\n"), (.csv, "a\n\"open\nmore\n"),
        (.jsonLines, "{\"a\":1}\n{\"a\":tru}\n"), (.jsonLines, "[{\"a\":1},\n{\"a\":\"\\ud83d\"}]"),
        (.jsonLines, "[{\"a\":1}\n{}]"), (.jsonLines, "[{}"),
    ])
    func errorsToo(_ format: InputFormat, _ text: String) {
        let input = bytes(text)
        let whole = parse(format, [input])
        #expect(whole.error != nil)
        for cut in 1..<input.count { #expect(parse(format, [input], cuts: [cut]) == whole) }
    }
}
