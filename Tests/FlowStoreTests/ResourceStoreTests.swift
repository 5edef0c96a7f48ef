// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import FlowStore

extension FlowStoreTests {
    /// Connector profiles, custom connectors, and who uses them.
    @Suite(.serialized) struct ResourceStoreTests {
        let store: Store

        init() throws { store = try Store() }

        private func profile(_ name: String) throws -> ProfileRecord? {
            try ProfileReader(store.connection).find(FlowKey(account: Store.account, name: name))
        }

        private func uses() throws -> [String] {
            try store.connection.lines("SELECT flow_name, profile_name FROM flow_profiles ORDER BY 1, 2")
        }

        // MARK: Rows

        @Test func profilesAreWrittenWhole() throws {
            let properties: JSONObject = [
                "Salesforce": ["instanceUrl": "https://\u{1F600}", "isSandboxEnvironment": true]
            ]
            try store.apply([
                Store.createProfile(
                    1, "a/b", ["properties": .object(properties), "kmsArn": "arn:k", "connectionMode": "Private"])
            ])
            let made = try #require(try profile("a/b"))
            #expect(made.uuid == Store.id(1) && made.version == 1 && made.connectorType == "Salesforce")
            #expect(made.properties == JSONValue.object(properties).serializedString())
            #expect(made.sealedCredentials == "millrace1.k.e.c" && made.kmsArn == "arn:k" && made.createdBy == "arn:me")
            #expect(made.connectionMode == "Private" && made.privateConnectionStatus == "CREATED")
            #expect(made.connectorLabel == nil && made.createdAt == made.updatedAt && made.createdAt > 0)
            try store.apply([
                Store.resource(
                    2, "UpdateConnectorProfile", "a/b",
                    [
                        "connectionMode": "Public", "properties": ["Salesforce": [:]],
                        "sealedCredentials": "millrace1.2.e.c",
                    ])
            ])
            let updated = try #require(try profile("a/b"))
            #expect(updated.uuid == made.uuid && updated.version == 2 && updated.createdAt == made.createdAt)
            #expect(updated.properties == #"{"Salesforce":{}}"# && updated.sealedCredentials == "millrace1.2.e.c")
            #expect(updated.updatedAt > made.updatedAt && updated.privateConnectionStatus == nil)
            try store.apply([Store.resource(3, "DeleteConnectorProfile", "a/b")])
            #expect(try store.connection.count("connector_profiles") == 0)
        }

        @Test func nothingInTheClearCanBeStored() throws {
            let error = postgresError {
                try store.apply([Store.createProfile(1, "a", ["sealedCredentials": #"{"accessToken":"s"}"#])])
            }
            #expect(error?.sqlState == "23514")
        }

        @Test func profilesAreListedByFiltersAndPages() throws {
            try store.apply([
                Store.resource(1, "RegisterConnector", "mine", Store.lambda),
                Store.createProfile(2, "c"), Store.createProfile(3, "a", type: "Slack"), Store.createProfile(4, "b"),
                Store.createProfile(5, "d", type: "CustomConnector", ["connectorLabel": "mine"]),
            ])
            func names(_ filter: ProfileReader.Filter, after: String = "", limit: Int = 10) throws -> String {
                try ProfileReader(store.connection).list(
                    account: Store.account, filter: filter, after: after, limit: limit
                ).map(\.name).joined()
            }
            #expect(try names(.init()) == "abcd")
            #expect(try names(.init(), after: "a", limit: 2) == "bc")
            #expect(try names(.init(connectorType: "Salesforce")) == "bc")
            #expect(try names(.init(names: ["c", "a", "z"], connectorType: "Salesforce")) == "c")
            #expect(try names(.init(connectorLabel: "mine")) == "d")
            #expect(try names(.init(names: ["d"], connectorLabel: "other")).isEmpty)
            #expect(
                try ProfileReader(store.connection).list(account: "1", filter: .init(), after: "", limit: 9).isEmpty)
        }

        @Test func profilesAreCountedForEachAccount() throws {
            try store.apply((1...3).map { Store.createProfile($0, "p\($0)") })
            let next = Store.createProfile(4, "next")
            let counted = try CommandStore(store.connection).load(
                for: [next], quotas: Quotas(flows: 100, profiles: 100)
            ).0
            #expect(counted.resources.profileCount(ofAccount: Store.account) == 3)
            #expect(counted.resources.profileCount(ofAccount: "1") == 0)
            #expect(counted.flowCount(ofAccount: Store.account) == 0)
            #expect(
                try CommandStore(store.connection).load(for: [next]).0.resources.profileCount(
                    ofAccount: Store.account) == 0)
        }

        @Test func customConnectorsAreWrittenWhole() throws {
            let reader = ConnectorReader(store.connection)
            try store.apply([
                Store.resource(1, "RegisterConnector", "b", Store.lambda),
                Store.resource(2, "RegisterConnector", "a", Store.lambda),
                Store.resource(3, "UpdateConnectorRegistration", "b", ["description": "new"]),
            ])
            let made = try #require(try reader.find(account: Store.account, label: "b"))
            #expect(made.uuid == Store.id(1) && made.version == 2 && made.description == "new")
            #expect(made.provisioningType == "LAMBDA" && made.provisioningConfig.contains("arn:aws:lambda"))
            #expect(try reader.list(account: Store.account, after: "", limit: 10).map(\.name) == ["a", "b"])
            #expect(try reader.list(account: Store.account, after: "a", limit: 10).map(\.name) == ["b"])
            #expect(try reader.find(account: "1", label: "b") == nil)
            try store.apply([Store.resource(4, "UpdateConnectorRegistration", "b", Store.lambda)])
            #expect(try reader.find(account: Store.account, label: "b")?.version == 3)
            try store.apply([Store.resource(5, "UnregisterConnector", "b")])
            #expect(try reader.find(account: Store.account, label: "b") == nil)
        }

        // MARK: Uses

        @Test func usesFollowTheFlows() throws {
            try store.apply([Store.createProfile(1, "a"), Store.createProfile(2, "b")])
            try store.apply([Store.flow(3, "f", profile: "a"), Store.flow(4, "g", profile: "a")])
            #expect(try uses() == ["f|a", "g|a"])
            let refused = try store.apply([Store.resource(5, "DeleteConnectorProfile", "a")])
            #expect(refused[0]?.isSuccess == false)
            try store.apply([Store.flow(6, "f", profile: "b", operation: "UpdateFlow")])
            #expect(try uses() == ["f|b", "g|a"])
            try store.apply([Store.command(7, "DeleteFlow", "g"), Store.resource(8, "DeleteConnectorProfile", "a")])
            #expect(try uses() == ["f|b"])
            #expect(try profile("a") == nil)
            try store.apply([Store.resource(9, "DeleteConnectorProfile", "b", ["forceDelete": true])])
            #expect(try uses() == ["f|b"], "the flow stays, and names it still")
            try store.apply([Store.createProfile(10, "b")])
            #expect(try store.apply([Store.resource(11, "DeleteConnectorProfile", "b")])[0]?.isSuccess == false)
        }

        @Test func aBatchMayTakeAwayMoreUsesThanAreNamed() throws {
            try store.apply([Store.createProfile(1, "a")])
            try store.apply((1...30).map { Store.flow(100 + $0, "f\($0)", profile: "a") })
            let deletes = (1...29).map { Store.command(200 + $0, "DeleteFlow", "f\($0)") }
            let refused = try store.apply(deletes + [Store.resource(300, "DeleteConnectorProfile", "a")])
            #expect(refused.last??.isSuccess == false)
            let done = try store.apply([
                Store.command(301, "DeleteFlow", "f30"), Store.resource(302, "DeleteConnectorProfile", "a"),
            ])
            #expect(done.last??.isSuccess == true)
        }

        // MARK: Races

        @Test func aDeletionThatMissedAUseIsLost() throws {
            try store.apply([Store.createProfile(1, "a")])
            let error = postgresError {
                try store.apply([Store.resource(2, "DeleteConnectorProfile", "a")]) {
                    try store.apply([Store.flow(3, "f", profile: "a")])
                }
            }
            #expect(error.map(StoreGuard.lostRace) == true)
            #expect(try profile("a") != nil)
        }

        @Test func aFlowWhoseProfileWentIsLost() throws {
            try store.apply([Store.createProfile(1, "a")])
            let error = postgresError {
                try store.apply([Store.flow(2, "f", profile: "a")]) {
                    try store.apply([Store.resource(3, "DeleteConnectorProfile", "a")])
                }
            }
            #expect(error.map(StoreGuard.lostRace) == true)
            #expect(try store.connection.count("flows") == 0)
        }

        /// The deletion runs while the flow's transaction is open: it waits, and then sees the use.
        @Test func aDeletionWaitsForAnOpenFlow() throws {
            try store.apply([Store.createProfile(1, "a")])
            let other = try testDatabase.connect()
            defer { other.close() }
            let batch = [Store.flow(2, "f", profile: "a")]
            var (workspace, now) = try store.commands.load(for: batch)
            #expect(CommandApplication(now: now).apply(batch[0], to: &workspace)?.isSuccess == true)
            let steps = CommandStore.steps(for: workspace, now: now)
            let answer = Answer<PostgresError?>()
            try store.connection.transaction { connection in
                _ = try connection.pipeline(steps, transaction: false)
                answer.start {
                    let commands = CommandStore(other)
                    let delete = Store.resource(3, "DeleteConnectorProfile", "a")
                    var (workspace, now) = try commands.load(for: [delete])
                    _ = CommandApplication(now: now).apply(delete, to: &workspace)
                    return postgresError {
                        _ = try other.pipeline(CommandStore.steps(for: workspace, now: now), transaction: true)
                    }
                }
                let watcher = try testDatabase.connect()
                defer { watcher.close() }
                try waitUntil {
                    try watcher.value("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0"
                }
            }
            #expect(try answer.get().map(StoreGuard.lostRace) == true)
            #expect(try profile("a") != nil)
        }

        @Test func twoUpdatesOfOneVersionAreARace() throws {
            try store.apply([Store.createProfile(1, "a")])
            let update: JSONObject = ["connectionMode": "Public", "properties": ["Salesforce": [:]]]
            let error = postgresError {
                try store.apply([Store.resource(2, "UpdateConnectorProfile", "a", update)]) {
                    try store.apply([Store.resource(3, "UpdateConnectorProfile", "a", update)])
                }
            }
            #expect(error.map(StoreGuard.lostRace) == true)
        }

        @Test func anUnregistrationThatMissedAProfileIsLost() throws {
            try store.apply([Store.resource(1, "RegisterConnector", "mine", Store.lambda)])
            let custom = Store.createProfile(3, "p", type: "CustomConnector", ["connectorLabel": "mine"])
            let missed = postgresError {
                try store.apply([Store.resource(2, "UnregisterConnector", "mine")]) { try store.apply([custom]) }
            }
            #expect(missed.map(StoreGuard.lostRace) == true)
            try store.apply([Store.resource(4, "DeleteConnectorProfile", "p")])
            let gone = postgresError {
                try store.apply([custom]) { try store.apply([Store.resource(5, "UnregisterConnector", "mine")]) }
            }
            #expect(gone.map(StoreGuard.lostRace) == true)
        }

        /// As a controller does after it lost too many races.
        @Test func lockedRowsAreTheLoaders() throws {
            try store.apply([Store.createProfile(1, "a")])
            let other = try testDatabase.connect { $0.lockTimeoutMilliseconds = 100 }
            defer { other.close() }
            try store.connection.transaction { _ in
                _ = try store.commands.load(for: [Store.flow(2, "f", profile: "a")], locking: true)
                let error = postgresError {
                    try other.transaction { connection in
                        _ = try CommandStore(connection).load(
                            for: [Store.resource(3, "DeleteConnectorProfile", "a")], locking: true)
                    }
                }
                #expect(error.map(StoreGuard.lostRace) == true)
            }
        }
    }
}
