// SPDX-License-Identifier: Apache-2.0

/// Writes one compact JSON object per line, ended by a line feed. JSON values pass through byte for byte; text from CSV
/// becomes a string.
public final class JSONLinesWriter: RecordWriter {
    private var layout = OutputLayout([])

    public init() {}

    public func setFields(_ fields: [OutputField]) {
        if fields != layout.fields { layout = OutputLayout(fields) }
    }

    public func beginFile() {}

    // One bit per cell kind. Quoted: written between quotes. Verbatim: its bytes are JSON as they are.
    private static let quoted: UInt64 = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5

    public func write(_ batch: RecordBatch, rows: UnsafeBufferPointer<UInt32>, into output: OutputBuffer) {
        let layout = self.layout
        let columns = layout.columns
        let count = layout.count
        let names = UnsafePointer(layout.names)
        let bytes = batch.bytes
        let bound = layout.rowBound(batch)
        for row in rows {
            let cells = batch.cells + Int(row) &* batch.stride
            var q = output.reserve(bound)
            // Each field starts with a comma; the first one's is overwritten by the brace.
            let start = q
            for i in 0..<count {
                let column = columns[i]
                let cell = column.source < 0 ? Cell.null : cells[Int(column.source)]
                let kind = cell.rawKind
                let name = names + Int(column.nameOffset)
                let nameLength = Int(column.nameLength)
                if Self.quoted >> UInt64(kind) & 1 != 0 {
                    copyWords(q, name, nameLength)
                    q += nameLength
                    if kind == CellKind.text.rawValue {
                        q = JSONText.escape(bytes + cell.offset, cell.length, into: q)
                    } else {
                        copyWords(q, bytes + cell.offset, cell.length)
                        q += cell.length
                    }
                    q.pointee = 0x22
                    q += 1
                    continue
                }
                if kind == 0, column.isOmittedWhenAbsent { continue }
                copyWords(q, name, nameLength)
                q += nameLength &- 1
                if kind <= CellKind.null.rawValue {
                    UnsafeMutableRawPointer(q).storeBytes(of: UInt32(0x6C6C_756E).littleEndian, as: UInt32.self)
                    q += 4
                } else {
                    copyWords(q, bytes + cell.offset, cell.length)
                    q += cell.length
                }
            }
            if q == start { q += 1 }
            start.pointee = 0x7B
            q[0] = 0x7D
            q[1] = 0x0A
            output.commit(q + 2)
        }
    }
}
