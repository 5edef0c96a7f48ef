// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import Records

/// One Filter task, compiled: a field and what is demanded of it. Immutable.
struct RecordFilter: Sendable {
    /// A comparison by the type that the task's DATA_TYPE names.
    enum Predicate: Sendable {
        case text(Comparison<TextLiteral>)
        case number(Comparison<DecimalText>)
        case instant(Comparison<Instant>)
        case boolean(Comparison<Bool>)
    }

    let field: [UInt8]
    let predicate: Predicate

    /// Keeps the rows that match.
    ///
    /// - Parameters:
    ///   - column: of the field; nil: no record has it.
    ///   - rows: the rows to look at; on return, its first elements are those that match, in the same order.
    ///   - scratch: for values that have to be decoded.
    /// - Returns: how many match.
    func apply(
        _ batch: RecordBatch, column: Int?, rows: UnsafeMutableBufferPointer<UInt32>, scratch: ScratchText
    ) -> Int {
        guard let column else { return matchesMissing ? rows.count : 0 }
        switch predicate {
        case .text(let comparison):
            return select(comparison, batch, column, rows, scratch) { p, count, relation, literals in
                Comparison.matches(relation, literals) { Self.order(p, count, $0) }
            }
        case .number(let comparison):
            return select(comparison, batch, column, rows, scratch) { p, count, relation, literals in
                Comparison.matches(relation, literals) { DecimalText.order(p, count, $0) }
            }
        case .instant(let comparison):
            return select(comparison, batch, column, rows, scratch) { p, count, relation, literals in
                guard let value = Instant(UnsafeBufferPointer(start: p, count: count)) else {
                    return relation == .notEqual
                }
                return Comparison.matches(relation, literals) {
                    value < $0.pointee ? -1 : (value == $0.pointee ? 0 : 1)
                }
            }
        case .boolean(let comparison):
            return select(comparison, batch, column, rows, scratch) { p, count, relation, literals in
                guard let value = Self.boolean(p, count) else { return relation == .notEqual }
                return Comparison.matches(relation, literals) { value == $0.pointee ? 0 : (value ? 1 : -1) }
            }
        }
    }

    private var matchesMissing: Bool {
        switch predicate {
        case .text(let comparison): comparison.matchesMissing
        case .number(let comparison): comparison.matchesMissing
        case .instant(let comparison): comparison.matchesMissing
        case .boolean(let comparison): comparison.matchesMissing
        }
    }

    @inline(__always)
    private func select<Literal>(
        _ comparison: Comparison<Literal>, _ batch: RecordBatch, _ column: Int,
        _ rows: UnsafeMutableBufferPointer<UInt32>, _ scratch: ScratchText,
        _ matches: (UnsafePointer<UInt8>, Int, Relation, UnsafeBufferPointer<Literal>) -> Bool
    ) -> Int {
        comparison.literals.withUnsafeBufferPointer { literals in
            let relation = comparison.relation
            let missing = comparison.matchesMissing
            let bytes = batch.bytes
            let stride = batch.stride
            let cells = batch.cells + column
            var kept = 0
            for i in 0..<rows.count {
                let row = rows[i]
                let cell = cells[Int(row) &* stride]
                let keep: Bool
                if cell.isMissing {
                    keep = missing
                } else if cell.rawKind == 5 {
                    let length = scratch.decode(bytes + cell.offset, cell.length)
                    keep = matches(scratch.bytes, length, relation, literals)
                } else {
                    keep = matches(bytes + cell.offset, cell.length, relation, literals)
                }
                rows[kept] = row
                kept &+= keep ? 1 : 0
            }
            return kept
        }
    }

    /// Byte by byte, the shorter of two that begin alike first. Cells can be read in whole words.
    @inline(__always)
    private static func order(_ p: UnsafePointer<UInt8>, _ count: Int, _ literal: UnsafePointer<TextLiteral>) -> Int {
        // The first eight bytes, zero-padded, as a number whose order is that of the bytes.
        let mask: UInt64 = count >= 8 ? .max : (1 << UInt64(truncatingIfNeeded: count &* 8)) &- 1
        let word = UInt64(bigEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self) & mask.littleEndian)
        let other = literal.pointee.word
        if word != other { return word < other ? -1 : 1 }
        let length = literal.pointee.count
        if count > 8, length > 8 { return longOrder(p, count, literal) }
        return count < length ? -1 : (count == length ? 0 : 1)
    }

    @inline(never)
    private static func longOrder(
        _ p: UnsafePointer<UInt8>, _ count: Int, _ literal: UnsafePointer<TextLiteral>
    ) -> Int {
        literal.pointee.bytes.withUnsafeBufferPointer { other in
            guard let start = other.baseAddress else { return 1 }
            let result = memcmp(p, start, min(count, other.count))
            if result != 0 { return result < 0 ? -1 : 1 }
            return count < other.count ? -1 : (count == other.count ? 0 : 1)
        }
    }

    /// `true` or `false` in any case, blanks around it ignored.
    static func boolean(_ p: UnsafePointer<UInt8>, _ count: Int) -> Bool? {
        var start = 0
        var end = count
        while end > start, p[end - 1] == 0x20 || p[end - 1] == 0x09 { end -= 1 }
        while start < end, p[start] == 0x20 || p[start] == 0x09 { start += 1 }
        let word = UnsafeBufferPointer(start: p + start, count: end - start).lazy.map { $0 | 0x20 }
        if word.elementsEqual("true".utf8) { return true }
        return word.elementsEqual("false".utf8) ? false : nil
    }
}
