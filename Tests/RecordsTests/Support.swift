// SPDX-License-Identifier: Apache-2.0
@testable import Records

/// A cell taken out of its batch.
enum Value: Equatable, CustomStringConvertible {
    case absent
    case null
    case text(String)
    /// A JSON value other than a string or null, byte for byte.
    case raw(String)

    var description: String {
        switch self {
        case .absent: "absent"
        case .null: "null"
        case .text(let text): "\"\(text)\""
        case .raw(let text): text
        }
    }
}

/// Records by column name.
typealias Row = [String: Value]

/// Everything a parser gave away.
struct Parsed: Equatable {
    var names: [String] = []
    var rows: [Row] = []
    var error: RecordError?
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func value(_ cell: Cell, _ base: UnsafePointer<UInt8>) -> Value {
    let raw = UnsafeBufferPointer(start: base + cell.offset, count: cell.length)
    switch cell.kind {
    case .absent: return .absent
    case .null: return .null
    case .bare, .text, .jsonText: return .text(String(decoding: raw, as: UTF8.self))
    case .jsonEscaped:
        let target = UnsafeMutablePointer<UInt8>.allocate(capacity: cell.length)
        defer { target.deallocate() }
        let count = JSONText.decode(base + cell.offset, cell.length, into: target)
        return .text(String(decoding: UnsafeBufferPointer(start: target, count: count), as: UTF8.self))
    case .number, .boolean, .compound: return .raw(String(decoding: raw, as: UTF8.self))
    }
}

func makeParser(_ format: InputFormat, _ selection: FieldSelection, _ limits: ParserLimits) -> any RecordParser {
    switch format {
    case .csv: CSVParser(selection: selection, limits: limits)
    case .jsonLines: JSONLinesParser(selection: selection, limits: limits)
    }
}

/// Hands over one chunk, in memory of its own that is gone afterwards. (Not `withUnsafeBytes`: the compiler fails on a
/// closure with a typed throw there.)
func feed(
    _ parser: any RecordParser, _ chunk: some Collection<UInt8>, _ take: (RecordBatch) throws(RecordError) -> Void
) throws(RecordError) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: chunk)
    try parser.consume(UnsafeRawBufferPointer(copy), take)
}

/// Parses files, each cut at the given offsets.
func parse(
    _ format: InputFormat, _ files: [[UInt8]], cuts: [Int] = [], selection: FieldSelection = .all(except: []),
    limits: ParserLimits = ParserLimits()
) -> Parsed {
    let parser = makeParser(format, selection, limits)
    var result = Parsed()
    let take: (RecordBatch) throws(RecordError) -> Void = { batch in
        let names = batch.schema.names.map { String(decoding: $0, as: UTF8.self) }
        result.names = names
        for row in 0..<batch.rowCount {
            var record: Row = [:]
            for (column, name) in names.enumerated() {
                record[name] = value(batch.cells[row * batch.stride + column], batch.bytes)
            }
            result.rows.append(record)
        }
    }
    do throws(RecordError) {
        for file in files {
            parser.beginInput()
            var start = 0
            for cut in cuts.filter({ $0 > 0 && $0 < file.count }) + [file.count] {
                try feed(parser, file[start..<cut], take)
                start = cut
            }
            try parser.finishInput(take)
        }
    } catch {
        result.error = error
    }
    // Columns that turned up late are absent in earlier records.
    for index in result.rows.indices {
        for name in result.names where result.rows[index][name] == nil { result.rows[index][name] = .absent }
    }
    return result
}

func parse(_ format: InputFormat, _ text: String, limits: ParserLimits = ParserLimits()) -> Parsed {
    parse(format, [bytes(text)], limits: limits)
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
}
