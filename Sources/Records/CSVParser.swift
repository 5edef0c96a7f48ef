// SPDX-License-Identifier: Apache-2.0
import Glibc

/// CSV after RFC 4180: comma, `"` quotes, header row, LF or CRLF, line ends in quotes, an optional UTF-8 byte order mark.
///
/// Columns are found by the header's names, in each file anew. An empty cell is null, a quoted empty one the empty string.
/// A short row's missing cells are null; a long row is an error. An empty line is skipped, unless the header has a single
/// column: then it is a null.
public final class CSVParser: RecordParser {
    private let selection: FieldSelection
    private let limits: ParserLimits
    private let window: InputWindow
    private let index = CSVIndex()
    private let matrix = CellMatrix()
    private var schema = RecordSchema()
    /// The current file: columns of its header, 0 before the header was read.
    private var headerCount = 0
    /// The cells to make of each full row: the column of the file and that of the batch.
    private var wanted: [(source: Int, target: Int)] = []
    /// The line on which the window starts, from 1.
    private var line = 1
    private var atStart = true

    public init(selection: FieldSelection, limits: ParserLimits = ParserLimits()) {
        self.selection = selection
        self.limits = limits
        window = InputWindow(limits)
    }

    public func beginInput() {
        window.reset()
        headerCount = 0
        wanted = []
        line = 1
        atStart = true
    }

    public func consume(
        _ chunk: UnsafeRawBufferPointer, _ emit: (RecordBatch) throws(RecordError) -> Void
    ) throws(RecordError) {
        guard var next = chunk.baseAddress else { return }
        var left = chunk.count
        while left > 0 {
            let length = min(left, window.room)
            window.append(next, length)
            next += length
            left -= length
            if window.room == 0 { try parse(final: false, emit) }
        }
    }

    public func finishInput(_ emit: (RecordBatch) throws(RecordError) -> Void) throws(RecordError) {
        try parse(final: true, emit)
        window.reset()
    }

    private func parse(final: Bool, _ emit: (RecordBatch) throws(RecordError) -> Void) throws(RecordError) {
        let bytes = window.bytes
        var start = 0
        if atStart, window.count >= 3 || final {
            if window.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { start = 3 }
            atStart = false
        }
        let size = window.count
        if final, size > start, bytes[size - 1] != 0x0A { window.terminateLine() }
        window.seal()
        index.build(bytes, from: start, count: window.count)
        let end = index.rowCount == 0 ? start : rowStart(index.rowCount)
        try check(upTo: final ? size : end)
        if final, index.endsInQuotes {
            throw RecordError(.malformed, line: line + countLines(bytes, end), "a quoted field does not end")
        }
        if index.rowCount > 0 { try cut(emit) }
        line += countLines(bytes, end)
        if final { return }
        if !window.discard(end) { throw RecordError(.recordTooLong, line: line, "a record is too long") }
    }

    private func check(upTo end: Int) throws(RecordError) {
        let position = min(index.firstInvalid, index.firstMalformed)
        guard position < end else { return }
        let at = line + countLines(window.bytes, position)
        if position == index.firstInvalid { throw RecordError(.invalidUTF8, line: at, "the text is not UTF-8") }
        throw RecordError(.malformed, line: at, "a closing quote is not followed by a comma or a line end")
    }

    /// The offset of the first byte of record `row`, or of the byte after the last record.
    private func rowStart(_ row: Int) -> Int {
        Int(index.separators[row == 0 ? 0 : Int(index.rowEnds[row - 1])] &+ 1)
    }

    private func isEmptyLine(_ row: Int) -> Bool {
        let start = rowStart(row)
        let length = rowStart(row + 1) - 1 - start
        return length == 0 || length == 1 && window.bytes[start] == 0x0D
    }

    private func lineOf(_ row: Int) -> Int { line + countLines(window.bytes, rowStart(row)) }

    /// Turns the indexed records into batches.
    private func cut(_ emit: (RecordBatch) throws(RecordError) -> Void) throws(RecordError) {
        var row = 0
        let total = index.rowCount
        while headerCount == 0, row < total {
            if !isEmptyLine(row) { try readHeader(row) }
            row += 1
        }
        while row < total {
            var rows = 0
            var longest = 0
            row = try fill(from: row, &rows, &longest)
            if rows > 0 {
                try emit(
                    RecordBatch(
                        bytes: window.bytes, cells: matrix.cells, rowCount: rows, stride: matrix.stride,
                        maximumRecordLength: longest, schema: schema))
            }
        }
    }

    /// Makes cells of records from `first` on until the batch is full; answers the next record.
    private func fill(from first: Int, _ rows: inout Int, _ longest: inout Int) throws(RecordError) -> Int {
        let bytes = window.bytes
        let separators = index.separators
        let rowEnds = index.rowEnds
        let careBlocks = index.careBlocks
        let careCount = index.careCount
        let columns = headerCount
        let coversSchema = wanted.count == matrix.stride
        let last = min(index.rowCount, first + matrix.maximumRows)
        var care = 0
        var opened = 0
        var row = first
        var previous = row == 0 ? 0 : Int(rowEnds[row &- 1])
        while row < last {
            let end = Int(rowEnds[row])
            let start = Int(separators[previous] &+ 1)
            let stop = Int(separators[end])
            let block = UInt32(truncatingIfNeeded: start >> 6)
            while care < careCount, careBlocks[care] < block { care &+= 1 }
            let needsCare = care < careCount && careBlocks[care] <= UInt32(truncatingIfNeeded: stop >> 6)
            let fields = end &- previous
            if fields == columns, fields > 1, !needsCare {
                longest = max(longest, stop &- start)
                let cells = matrix.openRow(opened, cleared: !coversSchema)
                opened &+= 1
                wanted.withUnsafeBufferPointer { wanted in
                    for column in wanted {
                        let at = previous &+ column.source
                        let from = separators[at] &+ 1
                        var to = separators[at &+ 1]
                        if column.source == columns &- 1, to > from, bytes[Int(to) &- 1] == 0x0D { to &-= 1 }
                        let length = UInt64(to &- from)
                        let kind: UInt64 = length == 0 ? 1 : 2
                        cells[column.target] = Cell(bits: UInt64(from) | length << 32 | kind << 60)
                    }
                }
            } else if try slowRow(row, previous, end, opened) {
                longest = max(longest, stop &- start)
                opened &+= 1
            }
            previous = end
            row &+= 1
        }
        rows = opened
        return row
    }

    /// A row with quotes, backslashes or control characters, or with another number of cells than the header. False: an
    /// empty line.
    private func slowRow(_ row: Int, _ previous: Int, _ end: Int, _ opened: Int) throws(RecordError) -> Bool {
        let bytes = window.bytes
        let fields = end - previous
        if headerCount > 1, isEmptyLine(row) { return false }
        if fields > headerCount {
            throw RecordError(
                .rowTooLong, line: lineOf(row), "the row has \(fields) cells, the header has \(headerCount)")
        }
        let cells = matrix.openRow(opened, cleared: true)
        for column in wanted {
            if column.source >= fields {
                cells[column.target] = .null
                continue
            }
            let from = Int(index.separators[previous + column.source] &+ 1)
            var to = Int(index.separators[previous + column.source + 1])
            if column.source == fields - 1, to > from, bytes[to - 1] == 0x0D { to -= 1 }
            guard let cell = Self.careCell(bytes, from, to) else {
                throw RecordError(
                    .malformed, line: lineOf(row), "a closing quote is not followed by a comma or a line end")
            }
            cells[column.target] = cell
        }
        return true
    }

    /// The cell of one field; undoubles quotes in place. Nil: text after the closing quote.
    private static func careCell(_ bytes: UnsafeMutablePointer<UInt8>, _ from: Int, _ to: Int) -> Cell? {
        if from == to { return .null }
        guard bytes[from] == 0x22 else { return Cell(offset: from, length: to - from, kind: .text) }
        guard to - from >= 2, bytes[to - 1] == 0x22 else { return nil }
        var read = from + 1
        let stop = to - 1
        guard let first = memchr(bytes + read, 0x22, stop - read) else {
            return Cell(offset: read, length: stop - read, kind: .text)
        }
        read = UnsafeMutableRawPointer(bytes).distance(to: first)
        var write = read
        while read < stop {
            if bytes[read] == 0x22 {
                read += 1
                guard read < stop, bytes[read] == 0x22 else { return nil }
            }
            bytes[write] = bytes[read]
            write += 1
            read += 1
        }
        // The bytes that are left over must not look like line ends to whoever counts lines for an error.
        for gap in write..<stop { bytes[gap] = 0x22 }
        return Cell(offset: from + 1, length: write - from - 1, kind: .text)
    }

    private func readHeader(_ row: Int) throws(RecordError) {
        let bytes = window.bytes
        let first = row == 0 ? 0 : Int(index.rowEnds[row - 1])
        let end = Int(index.rowEnds[row]) - first
        let at = lineOf(row)
        var targets: Set<[UInt8]> = []
        headerCount = end
        wanted = []
        for column in 0..<end {
            let from = Int(index.separators[first + column] &+ 1)
            var to = Int(index.separators[first + column + 1])
            if column == end - 1, to > from, bytes[to - 1] == 0x0D { to -= 1 }
            guard let cell = Self.careCell(bytes, from, to) else {
                throw RecordError(
                    .malformed, line: at, "a closing quote is not followed by a comma or a line end")
            }
            let name = Array(UnsafeBufferPointer(start: bytes + cell.offset, count: cell.length))
            guard selection.contains(name) else { continue }
            guard targets.insert(name).inserted else {
                throw RecordError(
                    .duplicateColumn, line: at, "the header names the column \(RecordError.quoted(name)) twice")
            }
            let target = schema.position(of: name) ?? schema.append(name)
            wanted.append((source: column, target: target))
        }
        guard schema.count <= limits.maximumColumns, end <= limits.maximumColumns * 4 else {
            throw RecordError(.tooManyColumns, line: at, "more than \(limits.maximumColumns) columns")
        }
        matrix.fit(schema.count)
    }
}
