// SPDX-License-Identifier: Apache-2.0

/// The part of a workspace that is about connector profiles and custom connectors, and about who uses them.
public struct ResourceWorkspace: Sendable {
    public var profiles: RecordChanges<ProfileRecord>
    public var connectors: RecordChanges<ConnectorRegistration>
    /// Flows and the profiles they name.
    public var profileUses: UseTable
    /// Profiles and the custom connectors they are of.
    public var connectorUses: UseTable
    /// Profiles of each account as loaded. Only where a quota asks for it.
    private let profileCounts: [String: Int]

    public init(
        profiles: [ProfileRecord] = [], connectors: [ConnectorRegistration] = [], profileUses: [UseTable.Use] = [],
        connectorUses: [UseTable.Use] = [], profileCounts: [String: Int] = [:]
    ) {
        self.profileCounts = profileCounts
        self.profiles = RecordChanges(profiles)
        self.connectors = RecordChanges(connectors)
        self.profileUses = UseTable(profileUses)
        self.connectorUses = UseTable(connectorUses)
    }

    /// How many profiles the account has, those of this batch included, if they were counted.
    public func profileCount(ofAccount account: String) -> Int {
        (profileCounts[account] ?? 0) + profiles.growth(ofAccount: account)
    }

    /// Profiles that flows of this batch began to use: they must still be there at the commit.
    public var requiredProfiles: [String] { Self.required(profileUses) { profiles.storedUUID($0) } }

    /// Custom connectors that profiles of this batch began to use.
    public var requiredConnectors: [String] { Self.required(connectorUses) { connectors.storedUUID($0) } }

    private static func required(_ uses: UseTable, _ stored: (FlowKey) -> String?) -> [String] {
        var uuids: Set<String> = []
        for change in uses.changes {
            for name in change.names {
                if let uuid = stored(FlowKey(account: change.account, name: name)) { uuids.insert(uuid) }
            }
        }
        return uuids.sorted()
    }
}
