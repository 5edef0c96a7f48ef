// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL

/// Which profiles and custom connectors a batch of commands needs to see, and which uses of them.
struct ResourceNeeds {
    private var profiles: Set<FlowKey> = []
    private var connectors: Set<FlowKey> = []
    /// Those that may be deleted.
    private var usedProfiles: Set<FlowKey> = []
    private var usedConnectors: Set<FlowKey> = []
    private let commandCount: Int

    init(_ commands: [Command]) {
        commandCount = commands.count
        for command in commands {
            let key = FlowKey(account: command.account, name: command.resource.name)
            switch command.operation {
            case "CreateFlow", "UpdateFlow":
                for reference in ProfileReference.all(in: command.input) {
                    profiles.insert(FlowKey(account: command.account, name: reference.name))
                }
            case "CreateConnectorProfile":
                profiles.insert(key)
                if let label = command.input["connectorLabel"]?.stringValue {
                    connectors.insert(FlowKey(account: command.account, name: label))
                }
            case "DeleteConnectorProfile":
                profiles.insert(key)
                usedProfiles.insert(key)
            case "UnregisterConnector":
                connectors.insert(key)
                usedConnectors.insert(key)
            default:
                if command.resource.kind == .connectorProfile { profiles.insert(key) }
                if command.resource.kind == .connector { connectors.insert(key) }
            }
        }
    }

    /// Flows on S3 alone, by far the most, need nothing of all this.
    private var isEmpty: Bool { profiles.isEmpty && connectors.isEmpty }

    /// In id order, so that two controllers that both lock wait for, and never deadlock with, each other.
    var lockStatements: [(SQLStatement, [SQLValue])] {
        if isEmpty { return [] }
        return [
            (ResourceStatements.lockConnectors, Self.values(connectors)),
            (ResourceStatements.lockProfiles, Self.values(profiles)),
        ]
    }

    var loadStatements: [(SQLStatement, [SQLValue])] {
        if isEmpty { return [] }
        // A batch may take away one use with each of its commands: one more than it has tells whether any is left.
        let limit = SQLValue.int(Int64(commandCount + 10))
        return [
            (ResourceStatements.loadProfiles, Self.values(profiles)),
            (ResourceStatements.loadConnectors, Self.values(connectors)),
            (ResourceStatements.loadProfileUses, Self.values(usedProfiles) + [limit]),
            (ResourceStatements.loadConnectorUses, Self.values(usedConnectors) + [limit]),
        ]
    }

    /// - Parameters:
    ///   - answers: of the load statements.
    ///   - profileCounts: the profiles of each account, where they were counted.
    func workspace(_ answers: [SQLRows], profileCounts: [String: Int]) -> ResourceWorkspace {
        guard !isEmpty, answers.count == 4 else { return ResourceWorkspace() }
        return ResourceWorkspace(
            profiles: (0..<answers[0].count).map { ResourceRows.profile(answers[0], $0) },
            connectors: (0..<answers[1].count).map { ResourceRows.connector(answers[1], $0) },
            profileUses: ResourceRows.uses(answers[2]), connectorUses: ResourceRows.uses(answers[3]),
            profileCounts: profileCounts)
    }

    private static func values(_ keys: Set<FlowKey>) -> [SQLValue] {
        let keys = Array(keys)
        return [.textArray(keys.map { $0.account }), .textArray(keys.map { $0.name })]
    }
}
