// SPDX-License-Identifier: Apache-2.0

/// A parameter of a statement. The server infers its type from the statement, so that `.text` may also carry a uuid, a
/// timestamp or JSON; where the context says nothing the statement casts (`$1::uuid[]` from `.textArray`).
public enum SQLValue: Sendable, Equatable {
    case null
    /// Must not contain U+0000, which PostgreSQL cannot store.
    case text(String)
    case int(Int64)
    case bool(Bool)
    /// For `bytea` only: sent in binary.
    case bytes([UInt8])
    case uuid(String)
    case textArray([String?])
    case intArray([Int64?])
    case boolArray([Bool?])
    /// For `bytea[]`.
    case bytesArray([[UInt8]?])
}
