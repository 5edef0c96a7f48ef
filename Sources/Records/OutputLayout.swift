// SPDX-License-Identifier: Apache-2.0

/// One field of the output and the column it comes from.
public struct OutputField: Sendable, Equatable {
    public let name: [UInt8]
    /// The column of the batches; nil: the input has none, the field is always null.
    public let column: Int?
    /// Whether a record that lacks the field goes without it in formats that can; else it is null there.
    public let isOmittedWhenAbsent: Bool

    public init(name: [UInt8], column: Int?, isOmittedWhenAbsent: Bool) {
        self.name = name
        self.column = column
        self.isOmittedWhenAbsent = isOmittedWhenAbsent
    }
}

/// The fields of the output in order, prepared for a writer. Immutable, and alive as long as its memory is used.
final class OutputLayout {
    struct Column {
        /// `,"name":"` in `names`: from `nameOffset`, of `nameLength` bytes, with the quote that opens a string last.
        var nameOffset: Int32
        var nameLength: Int32
        /// The column of the batches, or -1.
        var source: Int32
        var isOmittedWhenAbsent: Bool
    }

    let fields: [OutputField]
    let columns: UnsafeMutablePointer<Column>
    let count: Int
    let names: UnsafeMutablePointer<UInt8>
    /// Bytes that a row's names, quotes and separators take at most.
    let fixedRowBytes: Int
    /// How often one column of the input is written at most.
    let maximumUses: Int

    init(_ fields: [OutputField]) {
        self.fields = fields
        count = fields.count
        columns = .allocate(capacity: max(1, fields.count))
        var blob: [UInt8] = []
        var uses: [Int: Int] = [:]
        let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: (fields.map(\.name.count).max() ?? 0) * 6 + 32)
        defer { scratch.deallocate() }
        for (index, field) in fields.enumerated() {
            let start = blob.count
            blob += [0x2C, 0x22]
            field.name.withUnsafeBufferPointer { name in
                guard let first = name.baseAddress else { return }
                // The escaper reads whole words: give it some to read.
                let padded = UnsafeMutablePointer<UInt8>.allocate(capacity: name.count + 16)
                defer { padded.deallocate() }
                padded.initialize(repeating: 0, count: name.count + 16)
                padded.update(from: first, count: name.count)
                let end = JSONText.escape(padded, name.count, into: scratch)
                blob += UnsafeBufferPointer(start: scratch, count: end - scratch)
            }
            blob += [0x22, 0x3A, 0x22]
            columns[index] = Column(
                nameOffset: Int32(truncatingIfNeeded: start), nameLength: Int32(truncatingIfNeeded: blob.count - start),
                source: Int32(truncatingIfNeeded: field.column ?? -1), isOmittedWhenAbsent: field.isOmittedWhenAbsent)
            if let column = field.column { uses[column, default: 0] += 1 }
        }
        fixedRowBytes = blob.count + fields.count * 8 + 32
        maximumUses = max(1, uses.values.max() ?? 1)
        blob += [UInt8](repeating: 0, count: 32)
        names = .allocate(capacity: blob.count)
        names.initialize(from: blob, count: blob.count)
    }

    deinit {
        columns.deallocate()
        names.deallocate()
    }

    /// The most bytes that one of the batch's records can take. Escapes turn one byte into six, CSV quotes into two.
    func rowBound(_ batch: RecordBatch) -> Int { fixedRowBytes + batch.maximumRecordLength * 6 * maximumUses }
}
