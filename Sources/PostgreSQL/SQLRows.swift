// SPDX-License-Identifier: Apache-2.0
import CPostgreSQL
import Glibc

/// The answer to one statement. Values stay in libpq's memory until they are asked for. Free to copy; thread-safe.
public struct SQLRows: Sendable {
    /// Owns a libpq result.
    private final class Result: @unchecked Sendable {
        // @unchecked: a PGresult is never changed after it was received, and libpq documents that any thread may read it.
        let handle: OpaquePointer
        init(_ handle: OpaquePointer) { self.handle = handle }
        deinit { PQclear(handle) }
    }

    private let result: Result
    /// Number of rows returned.
    public let count: Int
    public let columnCount: Int

    /// Takes over the result.
    init(owning handle: OpaquePointer) {
        result = Result(handle)
        count = Int(PQntuples(handle))
        columnCount = Int(PQnfields(handle))
    }

    public var isEmpty: Bool { count == 0 }

    /// Rows inserted, updated, deleted, or selected.
    public var affected: Int {
        guard let digits = PQcmdTuples(result.handle) else { return 0 }
        return atol(digits)
    }

    /// The command tag, like `COMMIT`.
    var commandTag: String { PQcmdStatus(result.handle).map { String(cString: $0) } ?? "" }

    public func isNull(_ row: Int, _ column: Int) -> Bool {
        PQgetisnull(result.handle, Int32(clamping: row), Int32(clamping: column)) == 1
    }

    /// The value's text as the server sent it (UTF-8), nil for NULL; valid until `body` returns.
    public func withText<Answer>(_ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) -> Answer) -> Answer? {
        let row = Int32(clamping: row)
        let column = Int32(clamping: column)
        // Outside the table this is 1 as well.
        guard PQgetisnull(result.handle, row, column) == 0, let start = PQgetvalue(result.handle, row, column) else {
            return nil
        }
        let length = Int(PQgetlength(result.handle, row, column))
        return withExtendedLifetime(result) { body(UnsafeRawBufferPointer(start: start, count: length)) }
    }

    /// nil for NULL.
    public func text(_ row: Int, _ column: Int) -> String? {
        withText(row, column) { String(decoding: $0, as: UTF8.self) }
    }

    /// nil for NULL and for what is not a whole number of 64 bits.
    public func int(_ row: Int, _ column: Int) -> Int64? {
        let parsed = withText(row, column) { digits -> Int64? in
            var negative = false
            var value: Int64 = 0
            var isEmpty = true
            for (index, byte) in digits.enumerated() {
                if index == 0 && byte == UInt8(ascii: "-") {
                    negative = true
                    continue
                }
                let digit = byte &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                // Counted downwards, because the negative range is the larger one.
                let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
                let (next, underflow) = scaled.subtractingReportingOverflow(Int64(digit))
                if overflow || underflow { return nil }
                value = next
                isEmpty = false
            }
            if isEmpty || (!negative && value == .min) { return nil }
            return negative ? value : -value
        }
        return parsed ?? nil
    }

    /// nil for NULL and for what is not a boolean.
    public func bool(_ row: Int, _ column: Int) -> Bool? {
        let parsed = withText(row, column) { text -> Bool? in
            guard text.count == 1 else { return nil }
            switch text[0] {
            case UInt8(ascii: "t"): return true
            case UInt8(ascii: "f"): return false
            default: return nil
            }
        }
        return parsed ?? nil
    }

    /// The bytes of a `bytea` value, or of any other value's text; nil for NULL.
    public func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
        withText(row, column) { text in
            guard PQftype(result.handle, Int32(clamping: column)) == Self.bytea, text.count >= 2 else {
                return [UInt8](text)
            }
            // "\x" and two digits for each byte: the session sets bytea_output = hex.
            let count = text.count / 2 - 1
            return [UInt8](unsafeUninitializedCapacity: count) { decoded, initialized in
                for index in 0..<count {
                    let high = Self.nibble(text[2 * index + 2])
                    let low = Self.nibble(text[2 * index + 3])
                    decoded[index] = high << 4 | low
                }
                initialized = count
            }
        }
    }

    /// The elements of a one-dimensional array of any type as text; nil for NULL.
    public func textArray(_ row: Int, _ column: Int) -> [String?]? {
        withText(row, column) { ArrayLiteral.parse($0) }
    }

    /// Oid of `bytea` in `pg_type`, fixed for ever.
    private static let bytea: Oid = 17

    private static func nibble(_ digit: UInt8) -> UInt8 {
        digit <= UInt8(ascii: "9") ? digit &- UInt8(ascii: "0") : (digit | 0x20) &- UInt8(ascii: "a") &+ 10
    }
}
