// SPDX-License-Identifier: Apache-2.0

/// Header fields in the order in which they came. Names compare without regard to ASCII case (RFC 9110 §5.1).
public struct HTTPHeaders: Sendable, Sequence {
    /// Name and value of each field, as sent; values without the white space around them.
    public let fields: [(String, String)]

    public init(_ fields: [(String, String)] = []) {
        self.fields = fields
    }

    public var count: Int { fields.count }

    /// The value of the first field of this name.
    public func get(_ name: String) -> String? {
        fields.first { Self.sameName($0.0, name) }?.1
    }

    /// The values of all fields of this name, in order.
    public func all(_ name: String) -> [String] {
        fields.filter { Self.sameName($0.0, name) }.map(\.1)
    }

    public func makeIterator() -> IndexingIterator<[(String, String)]> { fields.makeIterator() }

    static func sameName(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8) { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
