// SPDX-License-Identifier: Apache-2.0

/// The columns a parser has met, in the order in which it met them. Names are compared as UTF-8 bytes: two spellings of
/// one character are two names.
public struct RecordSchema: Sendable, Equatable {
    /// The names by column position.
    public private(set) var names: [[UInt8]] = []

    public init(_ names: [String] = []) {
        self.names = names.map { Array($0.utf8) }
    }

    public var count: Int { names.count }

    /// The position of a column; nil if the schema does not have it. Linear: for set-up, not for records.
    public func position(of name: [UInt8]) -> Int? { names.firstIndex(of: name) }

    mutating func append(_ name: [UInt8]) -> Int {
        names.append(name)
        return names.count - 1
    }
}
