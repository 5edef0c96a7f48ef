// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Whether two strings are the same bytes of UTF-8.
@inline(__always)
func sameBytes(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    return sameContent(left, right)
}

private func sameContent(_ left: String, _ right: String) -> Bool {
    let count = left.utf8.count
    let same = left.utf8.withContiguousStorageIfAvailable { a -> Bool? in
        right.utf8.withContiguousStorageIfAvailable { b -> Bool in
            guard let a = a.baseAddress, let b = b.baseAddress else { return true }
            return memcmp(a, b, count) == 0
        }
    }
    if let same, let same { return same }
    return left.utf8.elementsEqual(right.utf8)
}

/// A key hashed and compared by its bytes.
private struct ByteKey: Hashable, Sendable {
    let text: String

    static func == (left: ByteKey, right: ByteKey) -> Bool { sameBytes(left.text, right.text) }

    func hash(into hasher: inout Hasher) {
        let done: Void? = text.utf8.withContiguousStorageIfAvailable { bytes in
            hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
        if done == nil {
            for byte in text.utf8 { hasher.combine(byte) }
        }
    }
}

/// The members of a JSON object in their order, keys compared as UTF-8 bytes.
///
/// A key given twice keeps its first place and its last value. Small objects are searched member by member; larger ones
/// carry an index, so that a hostile body of a hundred thousand keys stays linear.
public struct JSONObject: Sendable {
    private static let indexThreshold = 32
    /// Room made with the first member: most objects have a few, and growing copies.
    private static let initialCapacity = 6

    /// Not a tuple: arrays of tuples go through the runtime's generic paths.
    fileprivate struct Member: Sendable {
        let key: String
        var value: JSONValue
    }

    private var members: [Member] = []
    /// Place of each key; empty while the object is small.
    private var index: [ByteKey: Int] = [:]

    public init() {}

    /// The given members in order; of a repeated key the last value stays.
    public init(_ members: some Sequence<(key: String, value: JSONValue)>) {
        for member in members { append(key: member.key, value: member.value) }
    }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    public var keys: [String] { members.map(\.key) }
    public var values: [JSONValue] { members.map(\.value) }

    /// The member of that key. Setting nil removes it; setting a value keeps its place or appends it.
    public subscript(key: String) -> JSONValue? {
        get {
            guard let place = place(of: key) else { return nil }
            return members[place].value
        }
        set {
            if let newValue {
                append(key: key, value: newValue)
            } else if let place = place(of: key) {
                members.remove(at: place)
                rebuildIndex()
            }
        }
    }

    public mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    /// Sets one member, appending it if the key is new.
    mutating func append(key: String, value: JSONValue) {
        if let place = place(of: key) {
            members[place].value = value
            return
        }
        if members.isEmpty { members.reserveCapacity(Self.initialCapacity) }
        members.append(Member(key: key, value: value))
        if !index.isEmpty {
            index[ByteKey(text: key)] = members.count - 1
        } else if members.count > Self.indexThreshold {
            rebuildIndex()
        }
    }

    private func place(of key: String) -> Int? {
        if !index.isEmpty { return index[ByteKey(text: key)] }
        for place in members.indices where sameBytes(members[place].key, key) { return place }
        return nil
    }

    private mutating func rebuildIndex() {
        index.removeAll(keepingCapacity: true)
        guard members.count > Self.indexThreshold else { return }
        for (place, member) in members.enumerated() { index[ByteKey(text: member.key)] = place }
    }
}

extension JSONObject: Sequence {
    public struct Iterator: IteratorProtocol {
        fileprivate var members: IndexingIterator<[Member]>

        public mutating func next() -> (key: String, value: JSONValue)? {
            guard let member = members.next() else { return nil }
            return (member.key, member.value)
        }
    }

    public func makeIterator() -> Iterator { Iterator(members: members.makeIterator()) }
    public var underestimatedCount: Int { members.count }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.map { (key: $0.0, value: $0.1) })
    }
}

extension JSONObject: Equatable {
    /// The same keys with equal values, in any order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        for (key, value) in left {
            guard let other = right[key], other == value else { return false }
        }
        return true
    }
}
