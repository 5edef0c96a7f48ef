// SPDX-License-Identifier: Apache-2.0

/// Writes CSV after RFC 4180 with line feeds: a header before the first row of a file, quotes only where they are
/// needed. Null is nothing, the empty string `""`; nested values are their JSON text.
public final class CSVWriter: RecordWriter {
    private var layout = OutputLayout([])
    private var headerIsWritten = false
    private let scratch = OutputBuffer(capacity: 4096)

    public init() {}

    public func beginFile() { headerIsWritten = false }

    /// - Throws: `columnAfterHeader` once the header is written and the fields are not the same names.
    public func setFields(_ fields: [OutputField]) throws(RecordError) {
        if fields == layout.fields { return }
        if headerIsWritten, fields.map(\.name) != layout.fields.map(\.name) {
            let known = Set(layout.fields.map(\.name))
            let name = fields.first { !known.contains($0.name) }?.name ?? []
            throw RecordError(
                .columnAfterHeader,
                "the field \(RecordError.quoted(name)) turned up after the CSV header was written; map the fields by name"
            )
        }
        layout = OutputLayout(fields)
    }

    public func write(_ batch: RecordBatch, rows: UnsafeBufferPointer<UInt32>, into output: OutputBuffer) {
        if rows.isEmpty { return }
        let layout = self.layout
        let columns = layout.columns
        let count = layout.count
        if !headerIsWritten { writeHeader(output) }
        let bytes = batch.bytes
        let bound = layout.rowBound(batch)
        for row in rows {
            let cells = batch.cells + Int(row) &* batch.stride
            var q = output.reserve(bound)
            for i in 0..<count {
                let source = columns[i].source
                let cell = source < 0 ? Cell.null : cells[Int(source)]
                switch cell.rawKind {
                case 0, 1: break
                case 2, 6, 7:
                    copyWords(q, bytes + cell.offset, cell.length)
                    q += cell.length
                case 5:
                    let text = scratch.reserve(cell.length)
                    let length = JSONText.decode(bytes + cell.offset, cell.length, into: text)
                    q = Self.field(text, length, into: q)
                default:
                    q = Self.field(bytes + cell.offset, cell.length, into: q)
                }
                q.pointee = 0x2C
                q += 1
            }
            // The last comma is the line end.
            (q - 1).pointee = 0x0A
            output.commit(q)
        }
    }

    private func writeHeader(_ output: OutputBuffer) {
        headerIsWritten = true
        for (index, field) in layout.fields.enumerated() {
            let source = scratch.reserve(field.name.count)
            source.initialize(from: field.name, count: field.name.count)
            var q = output.reserve(field.name.count * 2 + 16)
            q = Self.field(source, field.name.count, into: q)
            q.pointee = index == layout.count - 1 ? 0x0A : 0x2C
            output.commit(q + 1)
        }
    }

    /// Writes text as a cell. Reads and writes up to 16 bytes beyond.
    @inline(__always)
    private static func field(
        _ source: UnsafePointer<UInt8>, _ count: Int, into target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        if count == 0 || needsQuotes(source, count) { return quote(source, count, into: target) }
        copyWords(target, source, count)
        return target + count
    }

    private static func needsQuotes(_ source: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        var i = 0
        while i < count {
            var word = loadWord(source + i)
            // Bytes past the end become 0xFF, which no test matches.
            if count &- i < 8 { word |= ~UInt64(0) << UInt64(truncatingIfNeeded: (count &- i) &* 8) }
            let found =
                firstEqual(word, 0x2222_2222_2222_2222) | firstEqual(word, 0x2C2C_2C2C_2C2C_2C2C)
                | firstEqual(word, 0x0A0A_0A0A_0A0A_0A0A) | firstEqual(word, 0x0D0D_0D0D_0D0D_0D0D)
            if found & highBits != 0 { return true }
            i &+= 8
        }
        return false
    }

    private static func quote(
        _ source: UnsafePointer<UInt8>, _ count: Int, into target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var q = target
        q.pointee = 0x22
        q += 1
        for i in 0..<count {
            let byte = source[i]
            q.pointee = byte
            q += 1
            if byte == 0x22 {
                q.pointee = byte
                q += 1
            }
        }
        q.pointee = 0x22
        return q + 1
    }
}
