// SPDX-License-Identifier: Apache-2.0

/// A row with an identity that stays, a name, and a version that grows with each change.
public protocol VersionedRecord: Sendable, Equatable {
    var uuid: String { get }
    var account: String { get }
    var name: String { get }
    var version: Int64 { get }
}

/// Rows of one kind that a batch of commands touches, and what it has changed so far.
public struct RecordChanges<Record: VersionedRecord>: Sendable {
    /// As loaded; absent means that there is none.
    private var originals: [FlowKey: Record] = [:]
    private var current: [FlowKey: Record]
    private var touchedKeys: Set<FlowKey> = []

    public init(_ records: [Record] = []) {
        for record in records { originals[Self.key(of: record)] = record }
        current = originals
    }

    public subscript(key: FlowKey) -> Record? { current[key] }

    /// The row as loaded.
    public func original(_ key: FlowKey) -> Record? { originals[key] }

    public mutating func put(_ record: Record) {
        current[Self.key(of: record)] = record
        touchedKeys.insert(Self.key(of: record))
    }

    public mutating func remove(_ key: FlowKey) {
        if current.removeValue(forKey: key) != nil { touchedKeys.insert(key) }
    }

    /// The uuid of a row that was there before the batch and still is.
    public func storedUUID(_ key: FlowKey) -> String? {
        guard let original = originals[key], original.uuid == current[key]?.uuid else { return nil }
        return original.uuid
    }

    // MARK: Net changes

    /// How many rows the account has more than before; negative when it has fewer.
    public func growth(ofAccount account: String) -> Int {
        touchedKeys.reduce(0) { sum, key in
            if key.account != account { return sum }
            return sum + (current[key] == nil ? 0 : 1) - (originals[key] == nil ? 0 : 1)
        }
    }

    /// Those that came to be in this batch and still are.
    public var inserted: [Record] {
        touched { original, now in original?.uuid == now?.uuid ? nil : now }
    }

    /// Those of before that changed, with the version they had.
    public var updated: [(record: Record, expectedVersion: Int64)] {
        touched { original, now in
            guard let original, let now, original.uuid == now.uuid else { return nil }
            return (now, original.version)
        }
    }

    /// Those of before that are gone, with the version they had.
    public var deleted: [(uuid: String, expectedVersion: Int64)] {
        touched { original, now in
            guard let original, original.uuid != now?.uuid else { return nil }
            return (original.uuid, original.version)
        }
    }

    private func touched<Change>(_ change: (Record?, Record?) -> Change?) -> [Change] {
        touchedKeys.sorted { ($0.account, $0.name) < ($1.account, $1.name) }
            .compactMap { change(originals[$0], current[$0]) }
    }

    private static func key(of record: Record) -> FlowKey { FlowKey(account: record.account, name: record.name) }
}
