// SPDX-License-Identifier: Apache-2.0

/// Who uses what: flows their profiles, profiles their custom connectors. As stored, and as a batch changes it.
public struct UseTable: Sendable {
    /// One use as stored.
    public struct Use: Sendable, Equatable {
        /// What is used.
        public let key: FlowKey
        public let userUUID: String
        public let userName: String

        public init(key: FlowKey, userUUID: String, userName: String) {
            self.key = key
            self.userUUID = userUUID
            self.userName = userName
        }
    }

    /// All that one user uses from now on.
    public struct Change: Sendable, Equatable {
        public let userUUID: String
        public let account: String
        public let userName: String
        public let names: [String]
    }

    private var stored: [FlowKey: [Use]]
    private var changed: [String: Change] = [:]
    private var gone: Set<String> = []
    private var unused: Set<FlowKey> = []

    /// - Parameter stored: of what is to be deleted: more uses than the batch has commands, or all of them.
    public init(_ stored: [Use] = []) { self.stored = Dictionary(grouping: stored, by: { $0.key }) }

    /// From now on this user uses these and no others.
    public mutating func set(_ names: [String], user uuid: String, account: String, name: String) {
        changed[uuid] = Change(userUUID: uuid, account: account, userName: name, names: Array(Set(names)).sorted())
    }

    /// This user is gone.
    public mutating func forget(user uuid: String) {
        changed[uuid] = nil
        gone.insert(uuid)
    }

    /// The names of those who use it, in order.
    public func users(of key: FlowKey) -> [String] {
        let before = (stored[key] ?? []).filter { changed[$0.userUUID] == nil && !gone.contains($0.userUUID) }
        let since = changed.values.filter { $0.account == key.account && $0.names.contains(key.name) }
        return (before.map(\.userName) + since.map(\.userName)).sorted()
    }

    /// What was decided holds only while nobody outside this batch uses it.
    public mutating func requireUnused(_ key: FlowKey) { unused.insert(key) }

    // MARK: Net changes

    /// In the order of the users' uuids.
    public var changes: [Change] { changed.values.sorted { $0.userUUID < $1.userUUID } }

    /// What must be used by nobody but the users of `changes` when the batch is committed.
    public var requiredUnused: [FlowKey] { unused.sorted { ($0.account, $0.name) < ($1.account, $1.name) } }
}
