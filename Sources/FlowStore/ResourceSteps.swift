// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL

/// The steps that write a workspace's changes of profiles, custom connectors and uses; each guarded, for one transaction.
enum ResourceSteps {
    private typealias Step = (SQLStatement, [SQLValue])

    /// - Precondition: they come after the steps on flows, whose rows they name.
    static func make(_ resources: ResourceWorkspace) -> [(SQLStatement, [SQLValue])] {
        // Deletes first: a name that is deleted and created again in one batch is free by then.
        connectorSteps(resources) + profileSteps(resources) + useSteps(resources)
    }

    private static func connectorSteps(_ resources: ResourceWorkspace) -> [Step] {
        var steps: [Step] = []
        let changes = resources.connectors
        addDeletes(changes.deleted, ResourceStatements.deleteConnectors, to: &steps)
        let new = changes.inserted
        if !new.isEmpty {
            steps.append(
                (
                    ResourceStatements.insertConnectors,
                    [
                        .textArray(new.map { $0.uuid }), .textArray(new.map { $0.account }),
                        .textArray(new.map { $0.name }), .intArray(new.map { $0.version }),
                        .textArray(new.map { $0.description }), .textArray(new.map { $0.provisioningType }),
                        .textArray(new.map { $0.provisioningConfig }), .intArray(new.map { $0.createdAt }),
                        .intArray(new.map { $0.updatedAt }), .textArray(new.map { $0.createdBy }),
                        .textArray(new.map { $0.updatedBy }),
                    ]
                ))
        }
        let updates = changes.updated
        if !updates.isEmpty {
            let rows = updates.map { $0.record }
            steps.append(
                (
                    ResourceStatements.updateConnectors,
                    [
                        .textArray(rows.map { $0.uuid }), .intArray(updates.map { $0.expectedVersion }),
                        .intArray(rows.map { $0.version }), .textArray(rows.map { $0.description }),
                        .textArray(rows.map { $0.provisioningConfig }), .intArray(rows.map { $0.updatedAt }),
                        .textArray(rows.map { $0.updatedBy }),
                    ]
                ))
        }
        addHold(resources.requiredConnectors, ResourceStatements.holdConnectors, to: &steps)
        return steps
    }

    private static func profileSteps(_ resources: ResourceWorkspace) -> [Step] {
        var steps: [Step] = []
        let changes = resources.profiles
        addDeletes(changes.deleted, ResourceStatements.deleteProfiles, to: &steps)
        let new = changes.inserted
        if !new.isEmpty {
            steps.append(
                (
                    ResourceStatements.insertProfiles,
                    [
                        .textArray(new.map { $0.uuid }), .textArray(new.map { $0.account }),
                        .textArray(new.map { $0.name }), .intArray(new.map { $0.version }),
                        .textArray(new.map { $0.connectorType }), .textArray(new.map { $0.connectorLabel }),
                        .textArray(new.map { $0.connectionMode }), .textArray(new.map { $0.properties }),
                        .textArray(new.map { $0.sealedCredentials }), .textArray(new.map { $0.kmsArn }),
                        .textArray(new.map { $0.privateConnectionStatus }), .intArray(new.map { $0.createdAt }),
                        .intArray(new.map { $0.updatedAt }), .textArray(new.map { $0.createdBy }),
                        .textArray(new.map { $0.updatedBy }),
                    ]
                ))
        }
        let updates = changes.updated
        if !updates.isEmpty {
            let rows = updates.map { $0.record }
            steps.append(
                (
                    ResourceStatements.updateProfiles,
                    [
                        .textArray(rows.map { $0.uuid }), .intArray(updates.map { $0.expectedVersion }),
                        .intArray(rows.map { $0.version }), .textArray(rows.map { $0.connectionMode }),
                        .textArray(rows.map { $0.properties }), .textArray(rows.map { $0.sealedCredentials }),
                        .textArray(rows.map { $0.privateConnectionStatus }), .intArray(rows.map { $0.updatedAt }),
                        .textArray(rows.map { $0.updatedBy }),
                    ]
                ))
        }
        addHold(resources.requiredProfiles, ResourceStatements.holdProfiles, to: &steps)
        return steps
    }

    private static func useSteps(_ resources: ResourceWorkspace) -> [Step] {
        var steps: [Step] = []
        let changes = resources.profileUses.changes
        if !changes.isEmpty {
            steps.append((ResourceStatements.forgetProfileUses, [.textArray(changes.map { $0.userUUID })]))
            let uses = changes.flatMap { change in change.names.map { (change, $0) } }
            if !uses.isEmpty {
                steps.append(
                    (
                        ResourceStatements.insertProfileUses,
                        [
                            .textArray(uses.map { $0.0.userUUID }), .textArray(uses.map { $0.0.account }),
                            .textArray(uses.map { $0.0.userName }), .textArray(uses.map { $0.1 }),
                        ]
                    ))
            }
        }
        addGuard(resources.profileUses, ResourceStatements.requireUnusedProfiles, to: &steps)
        addGuard(resources.connectorUses, ResourceStatements.requireUnusedConnectors, to: &steps)
        return steps
    }

    private static func addDeletes(
        _ deleted: [(uuid: String, expectedVersion: Int64)], _ statement: SQLStatement, to steps: inout [Step]
    ) {
        if deleted.isEmpty { return }
        steps.append(
            (statement, [.textArray(deleted.map { $0.uuid }), .intArray(deleted.map { $0.expectedVersion })]))
    }

    private static func addHold(_ uuids: [String], _ statement: SQLStatement, to steps: inout [Step]) {
        if !uuids.isEmpty { steps.append((statement, [.textArray(uuids)])) }
    }

    private static func addGuard(_ uses: UseTable, _ statement: SQLStatement, to steps: inout [Step]) {
        let keys = uses.requiredUnused
        if keys.isEmpty { return }
        steps.append(
            (
                statement,
                [
                    .textArray(keys.map { $0.account }), .textArray(keys.map { $0.name }),
                    .textArray(uses.changes.map { $0.userUUID }),
                ]
            ))
    }
}
