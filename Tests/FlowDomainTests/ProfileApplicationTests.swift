// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Testing

@Suite struct ProfileApplicationTests {
    private func apply(_ commands: [Command], to workspace: inout FlowWorkspace) -> [Outcome?] {
        commands.map { CommandApplication(now: Fixtures.now).apply($0, to: &workspace) }
    }

    private func empty(_ resources: ResourceWorkspace = ResourceWorkspace()) -> FlowWorkspace {
        FlowWorkspace(flows: [], runs: [], outcomes: [:], resources: resources)
    }

    private func key(_ name: String) -> FlowKey { FlowKey(account: Fixtures.account, name: name) }

    // MARK: Profiles

    @Test func aProfileIsMadeOnce() throws {
        var workspace = empty()
        let create = Fixtures.createProfile(
            1, "crm", token: "t", ["kmsArn": "arn:aws:kms:r:1:key/k", "connectionMode": "Private"])
        let outcomes = apply(
            [create, Fixtures.createProfile(2, "crm"), Fixtures.createProfile(3, "crm", token: "t")], to: &workspace)
        let arn = "arn:aws:appflow:us-east-1:\(Fixtures.account):connectorprofile/crm"
        #expect(outcomes[0]?.response == ["connectorProfileArn": .string(arn)])
        #expect(outcomes[1]?.code == "ConflictException")
        #expect(outcomes[2]?.response == outcomes[0]?.response, "a token is answered as before")
        let profile = try #require(workspace.resources.profiles.inserted.first)
        #expect(workspace.resources.profiles.inserted.count == 1)
        #expect(profile.uuid == create.id && profile.version == 1 && profile.connectorType == "Salesforce")
        #expect(profile.properties == #"{"Salesforce":{"instanceUrl":"u"}}"#)
        #expect(profile.sealedCredentials == "millrace1.k.e.c" && profile.kmsArn == "arn:aws:kms:r:1:key/k")
        #expect(profile.connectionMode == "Private" && profile.privateConnectionStatus == "CREATED")
    }

    @Test func anUpdateReplacesWhatLeadsAndWhatOpens() throws {
        var workspace = empty()
        _ = apply([Fixtures.createProfile(1, "crm", ["kmsArn": "arn:aws:kms:r:1:key/k"])], to: &workspace)
        let update = Fixtures.resource(
            2, "UpdateConnectorProfile", "crm",
            ["connectionMode": "Private", "properties": ["Salesforce": ["instanceUrl": "v"]]])
        let wrong = Fixtures.resource(
            3, "UpdateConnectorProfile", "crm",
            ["connectionMode": "Public", "properties": ["Slack": ["instanceUrl": "v"]]]
        )
        let strange = Fixtures.resource(
            4, "UpdateConnectorProfile", "crm",
            ["connectionMode": "Public", "properties": [:], "credentialsKey": "Slack", "sealedCredentials": "s"])
        let outcomes = apply(
            [update, wrong, strange, Fixtures.resource(5, "UpdateConnectorProfile", "nobody")], to: &workspace)
        #expect(outcomes[0]?.isSuccess == true)
        #expect(outcomes[1]?.code == "ValidationException" && outcomes[2]?.code == "ValidationException")
        #expect(outcomes[3]?.code == "ResourceNotFoundException")
        #expect(outcomes[3]?.message == "Connector Profile with name nobody does not exist.")
        let profile = try #require(workspace.resources.profiles[key("crm")])
        #expect(profile.properties == #"{"Salesforce":{"instanceUrl":"v"}}"# && profile.version == 2)
        #expect(profile.sealedCredentials == nil, "the new address does not get the old credentials")
        #expect(profile.kmsArn == "arn:aws:kms:r:1:key/k" && profile.privateConnectionStatus == "CREATED")
    }

    /// The api wraps credentials with the key of the profile that it found: they count for a profile with that key
    /// only.
    @Test func credentialsWrappedForAnotherKeyAreRefused() throws {
        let arn = "arn:aws:kms:r:1:key/k"
        func update(_ number: Int, _ name: String, _ wrapping: JSONValue?) -> Command {
            var input: JSONObject = [
                "connectionMode": "Public", "properties": ["Salesforce": ["instanceUrl": "v"]],
                "credentialsKey": "Salesforce", "sealedCredentials": .string("millrace2.\(number)"),
            ]
            input["wrapping"] = wrapping
            return Fixtures.resource(number, "UpdateConnectorProfile", name, input)
        }
        var workspace = empty()
        let outcomes = apply(
            [
                Fixtures.createProfile(1, "keyed", ["kmsArn": .string(arn)]), Fixtures.createProfile(2, "plain"),
                update(3, "keyed", ["kmsArn": .string(arn)]), update(4, "plain", [:]),
                // Made anew meanwhile: with another key, without one, with one where there was none.
                update(5, "keyed", ["kmsArn": "arn:aws:kms:r:1:key/j"]),
                update(6, "plain", ["kmsArn": .string(arn)]), update(7, "keyed", [:]),
                update(8, "nobody", ["kmsArn": .string(arn)]),
            ], to: &workspace)
        #expect(outcomes[2]?.isSuccess == true && outcomes[3]?.isSuccess == true)
        for outcome in outcomes[4...6] {
            #expect(outcome?.code == "ConflictException" && outcome?.message.contains("replaced meanwhile") == true)
        }
        #expect(outcomes[7]?.code == "ResourceNotFoundException")
        #expect(workspace.resources.profiles[key("keyed")]?.sealedCredentials == "millrace2.3")
        #expect(workspace.resources.profiles[key("plain")]?.sealedCredentials == "millrace2.4")
        // An api without KMS wraps nothing, and says nothing of it.
        #expect(apply([update(9, "keyed", nil)], to: &workspace)[0]?.isSuccess == true)
    }

    @Test func aProfileInUseIsNotDeleted() throws {
        var workspace = empty()
        let outcomes = apply(
            [
                Fixtures.createProfile(1, "crm"), Fixtures.flow(2, "f1", profile: "crm"),
                Fixtures.flow(3, "f2", profile: "crm"), Fixtures.resource(4, "DeleteConnectorProfile", "crm"),
                Fixtures.resource(5, "DeleteConnectorProfile", "crm", ["forceDelete": true]),
                Fixtures.resource(6, "DeleteConnectorProfile", "crm"),
            ], to: &workspace)
        #expect(outcomes[3]?.code == "ConflictException")
        #expect(
            outcomes[3]?.message
                == "Conflict executing request: Connector profile: crm is associated with one or more flows. If you "
                + "still want to delete it, then make delete request with forceDelete flag as true. Some of the "
                + "associated flows are: [f1, f2]")
        #expect(outcomes[4]?.response == [:])
        #expect(outcomes[5]?.code == "ResourceNotFoundException")
        #expect(workspace.resources.profiles.inserted.isEmpty && workspace.resources.profiles.deleted.isEmpty)
    }

    @Test func usesOfBeforeCountUntilTheFlowsAreGone() throws {
        let use = UseTable.Use(key: key("crm"), userUUID: Fixtures.id(9), userName: "old")
        var seed = empty()
        _ = apply([Fixtures.createProfile(1, "crm")], to: &seed)
        let profile = try #require(seed.resources.profiles.inserted.first)
        var workspace = empty(ResourceWorkspace(profiles: [profile], profileUses: [use]))
        let delete = Fixtures.resource(2, "DeleteConnectorProfile", "crm")
        #expect(apply([delete], to: &workspace)[0]?.message.hasSuffix("[old]") == true)
        workspace.resources.profileUses.forget(user: Fixtures.id(9))
        #expect(apply([delete], to: &workspace)[0]?.isSuccess == true)
        #expect(workspace.resources.profiles.deleted.map(\.uuid) == [profile.uuid])
        #expect(workspace.resources.profileUses.requiredUnused == [key("crm")])
    }

    // MARK: Flows

    @Test func flowsNeedTheirProfiles() throws {
        var workspace = empty()
        let outcomes = apply(
            [
                Fixtures.flow(1, "f", profile: "crm"), Fixtures.createProfile(2, "crm", type: "Slack"),
                Fixtures.flow(3, "f", profile: "crm"), Fixtures.createProfile(4, "right"),
                Fixtures.flow(5, "f", profile: "right"),
                Fixtures.flow(6, "f", profile: "crm", operation: "UpdateFlow"),
                Fixtures.flow(7, "f", profile: "gone", operation: "UpdateFlow"),
            ], to: &workspace)
        #expect(outcomes[0]?.code == "ResourceNotFoundException")
        #expect(outcomes[0]?.message == "Connector Profile with name crm does not exist.")
        #expect(outcomes[2]?.code == "ValidationException")
        #expect(outcomes[2]?.message.hasPrefix("Create Flow request failed: [Connector Profile") == true)
        #expect(outcomes[4]?.isSuccess == true)
        #expect(outcomes[5]?.message.hasPrefix("Update Flow request failed due to:[Connector Profile") == true)
        #expect(outcomes[6]?.code == "ResourceNotFoundException")
        #expect(workspace.resources.profileUses.changes.map(\.names) == [["right"]])
        #expect(workspace.resources.requiredProfiles.isEmpty, "made in this batch: nobody can delete it meanwhile")
    }

    @Test func destinationsNeedTheirsToo() throws {
        var workspace = empty()
        var input = Fixtures.input("f", destination: "Salesforce")
        input["destinationFlowConfigList"] = .array([
            [
                "connectorType": "Salesforce", "connectorProfileName": "crm",
                "destinationConnectorProperties": ["Salesforce": ["object": "Account"]],
            ]
        ])
        let create = Fixtures.command(1, "CreateFlow", "f", input: input)
        #expect(apply([create], to: &workspace)[0]?.code == "ResourceNotFoundException")
    }

    @Test func anUpdateMovesTheUse() throws {
        var workspace = empty()
        _ = apply(
            [
                Fixtures.createProfile(1, "a"), Fixtures.createProfile(2, "b"), Fixtures.flow(3, "f", profile: "a"),
                Fixtures.flow(4, "f", profile: "b", operation: "UpdateFlow"),
            ], to: &workspace)
        #expect(workspace.resources.profileUses.users(of: key("a")).isEmpty)
        #expect(workspace.resources.profileUses.users(of: key("b")) == ["f"])
        _ = apply([Fixtures.command(5, "DeleteFlow", "f")], to: &workspace)
        #expect(workspace.resources.profileUses.users(of: key("b")).isEmpty)
        #expect(workspace.resources.profileUses.changes.isEmpty)
    }

    // MARK: Custom connectors

    @Test func customConnectorsAreRegisteredFirst() throws {
        var workspace = empty()
        let custom: JSONObject = [
            "connectorLabel": "mine", "properties": ["CustomConnector": ["profileProperties": [:]]],
        ]
        let config: JSONObject = [
            "connectorProvisioningConfig": ["lambda": ["lambdaArn": "arn:aws:lambda:r:1:function:f"]]
        ]
        let outcomes = apply(
            [
                Fixtures.createProfile(1, "p", type: "CustomConnector", custom),
                Fixtures.resource(2, "RegisterConnector", "mine", config),
                Fixtures.resource(3, "RegisterConnector", "mine", config),
                Fixtures.createProfile(4, "p", type: "CustomConnector", custom),
                Fixtures.resource(5, "UpdateConnectorRegistration", "mine", ["description": "new"]),
                Fixtures.resource(6, "UnregisterConnector", "mine"),
                Fixtures.resource(7, "UnregisterConnector", "mine", ["forceDelete": true]),
                Fixtures.resource(8, "UnregisterConnector", "mine"),
            ], to: &workspace)
        #expect(outcomes[0]?.code == "ResourceNotFoundException")
        #expect(
            outcomes[0]?.message
                == "Connector:mine is not registered. Please register it first before creating ConnectorProfile.")
        #expect(
            outcomes[1]?.response?["connectorArn"]
                == .string("arn:aws:appflow:us-east-1:\(Fixtures.account):connector/mine"))
        #expect(outcomes[2]?.code == "ConflictException")
        #expect(outcomes[3]?.isSuccess == true && outcomes[4]?.isSuccess == true)
        #expect(outcomes[5]?.code == "ConflictException" && outcomes[5]?.message.hasSuffix("[p]") == true)
        #expect(outcomes[6]?.response == [:])
        #expect(outcomes[7]?.code == "ResourceNotFoundException")
        #expect(workspace.resources.connectors.inserted.isEmpty)
    }
}
