// SPDX-License-Identifier: Apache-2.0

/// JSON Lines: one object per line, UTF-8, an optional byte order mark, empty lines skipped. A file whose first value is
/// an array is read as that one array of objects, over any number of lines.
///
/// Strings, numbers and nested values stay the bytes they are. Of a key that an object has twice the last value counts.
public final class JSONLinesParser: RecordParser {
    private enum Mode {
        /// Nothing but white space so far.
        case undecided
        case lines
        /// In an array: before its first element, behind an element, before another one, behind its end.
        case opened, behindElement, beforeElement, closed
    }

    private let selection: FieldSelection
    private let limits: ParserLimits
    private let window: InputWindow
    private let matrix = CellMatrix()
    private let keys = KeyTable()
    private var schema = RecordSchema()
    private var scanner = JSONScanner()
    private var mode = Mode.undecided
    private var atStart = true
    /// The line on which the window starts, from 1.
    private var line = 1
    /// Keys nobody wants are remembered up to this many: beyond, they are scanned again each time.
    private static let maximumUnwantedKeys = 4096

    public init(selection: FieldSelection, limits: ParserLimits = ParserLimits()) {
        self.selection = selection
        self.limits = limits
        window = InputWindow(limits)
    }

    public func beginInput() {
        window.reset()
        mode = .undecided
        scanner.linesAreSpace = false
        atStart = true
        line = 1
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
        switch mode {
        case .undecided, .lines, .closed: return
        case .opened, .behindElement, .beforeElement:
            throw RecordError(.malformed, line: line, "the array does not end")
        }
    }

    private func parse(final: Bool, _ emit: (RecordBatch) throws(RecordError) -> Void) throws(RecordError) {
        window.seal()
        var start = 0
        if atStart {
            atStart = false
            if window.count >= 3, window.bytes[0] == 0xEF, window.bytes[1] == 0xBB, window.bytes[2] == 0xBF {
                start = 3
            }
        }
        if mode == .undecided { decide(&start) }
        switch mode {
        case .undecided: start = window.count
        case .lines: try parseLines(&start, final, emit)
        default: try parseArray(&start, final, emit)
        }
        line += countLines(window.bytes, start)
        if final { return }
        if !window.discard(start) { throw RecordError(.recordTooLong, line: line, "a record is too long") }
    }

    private func decide(_ start: inout Int) {
        while start < window.count {
            switch window.bytes[start] {
            case 0x20, 0x09, 0x0A, 0x0D: start += 1
            case 0x5B:
                start += 1
                mode = .opened
                scanner.linesAreSpace = true
                return
            default:
                mode = .lines
                return
            }
        }
    }

    private func failure(_ at: Int, _ reason: String) -> RecordError {
        RecordError(.malformed, line: line + countLines(window.bytes, at), reason)
    }

    private func emitBatch(
        _ rows: Int, _ longest: Int, upTo end: Int, _ firstInvalid: Int,
        _ emit: (RecordBatch) throws(RecordError) -> Void
    ) throws(RecordError) {
        if firstInvalid < end {
            let at = line + countLines(window.bytes, firstInvalid)
            throw RecordError(.invalidUTF8, line: at, "the text is not UTF-8")
        }
        guard rows > 0 else { return }
        try emit(
            RecordBatch(
                bytes: window.bytes, cells: matrix.cells, rowCount: rows, stride: matrix.stride,
                maximumRecordLength: longest, schema: schema))
    }

    /// Reads the window's complete lines, at the end of the file all of them.
    private func parseLines(
        _ start: inout Int, _ final: Bool, _ emit: (RecordBatch) throws(RecordError) -> Void
    ) throws(RecordError) {
        if final, window.count > start, window.bytes[window.count - 1] != 0x0A { window.terminateLine() }
        let bytes = UnsafePointer(window.bytes)
        var end = window.count
        while end > start, bytes[end - 1] != 0x0A { end -= 1 }
        guard end > start else { return }
        let firstInvalid = UTF8Check.firstInvalid(bytes, to: end)
        var rows = 0
        var longest = 0
        var p = bytes + start
        let stop = bytes + end
        while p < stop {
            let first = p
            scanner.skipSpace(&p)
            if p.pointee == 0x0A {
                p += 1
                continue
            }
            let ok = try parseObject(&p, row: rows, start: first - bytes)
            if ok { scanner.skipSpace(&p) }
            guard ok, p.pointee == 0x0A else {
                // Bad UTF-8 is no fault of a string to the scanner; but a fault after it is second to it.
                if firstInvalid < p - bytes { try emitBatch(0, 0, upTo: p - bytes, firstInvalid, emit) }
                throw failure(first - bytes, "the line is not one JSON object")
            }
            p += 1
            longest = max(longest, p - first)
            rows &+= 1
            if rows == matrix.maximumRows {
                try emitBatch(rows, longest, upTo: p - bytes, firstInvalid, emit)
                rows = 0
                longest = 0
            }
        }
        try emitBatch(rows, longest, upTo: end, firstInvalid, emit)
        start = end
    }

    /// Reads the window's complete elements; stops before one that the window cuts.
    private func parseArray(
        _ start: inout Int, _ final: Bool, _ emit: (RecordBatch) throws(RecordError) -> Void
    ) throws(RecordError) {
        let bytes = UnsafePointer(window.bytes)
        let end = bytes + window.count
        let firstInvalid = UTF8Check.firstInvalid(bytes, to: window.count)
        var rows = 0
        var longest = 0
        var p = bytes + start
        while true {
            scanner.skipSpace(&p)
            if p >= end { break }
            let first = p
            switch (mode, p.pointee) {
            case (.opened, 0x5D), (.behindElement, 0x5D):
                p += 1
                mode = .closed
            case (.behindElement, 0x2C):
                p += 1
                mode = .beforeElement
            case (.opened, 0x7B), (.beforeElement, 0x7B):
                if try !parseObject(&p, row: rows, start: first - bytes) {
                    // A fault this near to the end of the window may be the cut: the longest token that is looked at
                    // as a whole is an escaped surrogate pair.
                    if !final, end - p < 16 {
                        p = first
                        try emitBatch(rows, longest, upTo: p - bytes, firstInvalid, emit)
                        start = p - bytes
                        return
                    }
                    if firstInvalid < p - bytes { try emitBatch(0, 0, upTo: p - bytes, firstInvalid, emit) }
                    throw failure(first - bytes, "an element of the array is not a JSON object")
                }
                mode = .behindElement
                longest = max(longest, p - first)
                rows &+= 1
            case (.closed, _): throw failure(first - bytes, "there is something behind the array")
            default: throw failure(first - bytes, "an element of the array is not a JSON object")
            }
            if rows == matrix.maximumRows {
                try emitBatch(rows, longest, upTo: p - bytes, firstInvalid, emit)
                rows = 0
                longest = 0
            }
        }
        try emitBatch(rows, longest, upTo: window.count, firstInvalid, emit)
        start = window.count
    }

    /// Reads the object at `p` into row `row`. False: it is not one, and `p` stands at the fault.
    private func parseObject(
        _ p: inout UnsafePointer<UInt8>, row: Int, start: Int
    ) throws(RecordError) -> Bool {
        guard p.pointee == 0x7B else { return false }
        let bytes = UnsafePointer(window.bytes)
        let scanner = self.scanner
        var cells = matrix.openRow(row, cleared: true)
        var entry = KeyTable.start
        p += 1
        scanner.skipSpace(&p)
        if p.pointee == 0x7D {
            p += 1
            return true
        }
        while true {
            guard p.pointee == 0x22 else { return false }
            p += 1
            var slot: Int
            let guess = entry < 0 ? -1 : keys.entries[entry].next
            if guess >= 0, keys.matches(guess, p) {
                p += keys.entries[guess].length &+ 1
                slot = keys.entries[guess].slot
                entry = guess
            } else {
                let key = p
                var escaped = false
                guard scanner.skipString(&p, &escaped) else { return false }
                let known = try lookUp(key, p - key, escaped, row: row, start: start)
                if entry >= 0, known >= 0 { keys.entries[entry].next = known }
                entry = known
                slot = known < 0 ? -1 : keys.entries[known].slot
                cells = matrix.cells + row &* matrix.stride
                p += 1
            }
            scanner.skipSpace(&p)
            guard p.pointee == 0x3A else { return false }
            p += 1
            scanner.skipSpace(&p)
            var from = p
            let kind: CellKind
            var length: Int
            switch p.pointee {
            case 0x22:
                p += 1
                from = p
                var escaped = false
                guard scanner.skipString(&p, &escaped) else { return false }
                length = p - from
                p += 1
                kind = escaped ? .jsonEscaped : .jsonText
            case 0x2D, 0x30...0x39:
                guard scanner.skipNumber(&p) else { return false }
                length = p - from
                kind = .number
            case 0x7B, 0x5B:
                guard scanner.skipCompound(&p) else { return false }
                length = p - from
                kind = .compound
            default:
                guard let literal = scanner.skipLiteral(&p) else { return false }
                length = p - from
                kind = literal
            }
            if slot >= 0 { cells[slot] = Cell(offset: from - bytes, length: length, kind: kind) }
            scanner.skipSpace(&p)
            if p.pointee == 0x2C {
                p += 1
                scanner.skipSpace(&p)
                continue
            }
            guard p.pointee == 0x7D else { return false }
            p += 1
            return true
        }
    }

    /// The entry of a key that was not the expected one; -1: nobody wants it and too many such are known.
    private func lookUp(
        _ key: UnsafePointer<UInt8>, _ length: Int, _ escaped: Bool, row: Int, start: Int
    ) throws(RecordError) -> Int {
        guard escaped else {
            return try entry(UnsafeBufferPointer(start: key, count: length), row: row, start: start)
        }
        let decoded = UnsafeMutablePointer<UInt8>.allocate(capacity: length)
        defer { decoded.deallocate() }
        let count = JSONText.decode(key, length, into: decoded)
        return try entry(
            UnsafeBufferPointer(start: UnsafePointer(decoded), count: count), row: row, start: start)
    }

    private func entry(
        _ name: UnsafeBufferPointer<UInt8>, row: Int, start: Int
    ) throws(RecordError) -> Int {
        if let known = keys.find(name) { return known }
        let key = Array(name)
        guard selection.contains(key) else {
            return keys.count < Self.maximumUnwantedKeys + schema.count ? keys.add(name, slot: -1) : -1
        }
        guard schema.count < limits.maximumColumns else {
            let at = line + countLines(window.bytes, start)
            throw RecordError(.tooManyColumns, line: at, "more than \(limits.maximumColumns) columns")
        }
        let slot = schema.append(key)
        matrix.widen(to: schema.count, rows: row + 1)
        return keys.add(name, slot: slot)
    }
}
