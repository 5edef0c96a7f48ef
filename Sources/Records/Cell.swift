// SPDX-License-Identifier: Apache-2.0

/// What the bytes of a cell are, and so which writers may copy them as they stand.
public enum CellKind: UInt8, Sendable {
    /// The record has no such field.
    case absent = 0
    /// The field is there and null: JSON `null`, an empty CSV cell.
    case null = 1
    /// Text that needs neither JSON escapes nor CSV quotes.
    case bare = 2
    /// UTF-8 text that may hold anything.
    case text = 3
    /// The content of a JSON string without escapes: safe in JSON, may need CSV quotes.
    case jsonText = 4
    /// The content of a JSON string with (checked) escapes.
    case jsonEscaped = 5
    /// A JSON number, byte for byte.
    case number = 6
    /// `true` or `false`.
    case boolean = 7
    /// A JSON object or array, byte for byte.
    case compound = 8
}

/// One value of a record in eight bytes: where its bytes lie in the batch's arena and what they are. All zero bits: absent.
@frozen
public struct Cell: Sendable, Equatable {
    /// offset: bits 0–31, length: bits 32–59, kind: bits 60–63.
    @usableFromInline let bits: UInt64

    @inlinable @inline(__always)
    init(bits: UInt64) { self.bits = bits }

    /// - Parameters:
    ///   - offset: of the first byte in the arena, below 2³².
    ///   - length: in bytes, below 2²⁸.
    @inlinable @inline(__always)
    public init(offset: Int, length: Int, kind: CellKind) {
        bits =
            UInt64(truncatingIfNeeded: offset) | UInt64(truncatingIfNeeded: length) << 32
            | UInt64(truncatingIfNeeded: kind.rawValue) << 60
    }

    @inlinable @inline(__always)
    public var offset: Int { Int(truncatingIfNeeded: bits & 0xFFFF_FFFF) }

    @inlinable @inline(__always)
    public var length: Int { Int(truncatingIfNeeded: (bits >> 32) & 0x0FFF_FFFF) }

    /// The kind's raw value: what hot loops switch on.
    @inlinable @inline(__always)
    public var rawKind: UInt8 { UInt8(truncatingIfNeeded: bits >> 60) }

    /// The kind; bits that name none read as absent.
    @inlinable
    public var kind: CellKind { CellKind(rawValue: rawKind) ?? .absent }

    /// Whether the field has no value: absent or null.
    @inlinable @inline(__always)
    public var isMissing: Bool { bits >> 60 <= 1 }

    @inlinable
    public static var absent: Cell { Cell(bits: 0) }

    @inlinable
    public static var null: Cell { Cell(bits: 1 << 60) }
}
