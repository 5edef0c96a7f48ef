// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import AppFlowAPI

/// Of credentials exactly one member is taken, and nothing of what is refused is quoted.
@Suite struct ProfileRulesTests {
    private func input(_ credentials: JSONValue?, type: String = "Slack") -> JSONObject {
        var config: JSONObject = ["connectorProfileProperties": ["Slack": ["instanceUrl": "u"]]]
        config["connectorProfileCredentials"] = credentials
        return ["connectorType": .string(type), "connectorProfileConfig": .object(config)]
    }

    @Test func oneMemberNamesTheConnector() throws {
        let slack: JSONValue = ["Slack": ["clientId": "i"]]
        #expect(try ProfileRules.credentialsMember(input(slack)) == "Slack")
        #expect(try ProfileRules.credentialsMember(input(["ServiceNow": ["username": "u"]])) == "ServiceNow")
        #expect(try ProfileRules.credentialsMember(input(nil)) == nil)
        #expect(try ProfileRules.credentialsMember(input([:])) == nil)
        #expect(try ProfileRules.credentialsMember([:]) == nil)
        try ProfileRules.checkCreate(input(slack))
        try ProfileRules.checkCreate(input(nil))
    }

    @Test(
        arguments: [
            ["Slack": ["clientId": "HIDDEN"], "Zendesk": ["clientId": "HIDDEN"]],
            ["Slack": ["clientId": "HIDDEN"], "HIDDEN": [:]], ["HIDDEN": [:]], ["slack": ["clientId": "HIDDEN"]],
        ] as [JSONValue])
    func anythingElseIsRefusedUnquoted(credentials: JSONValue) {
        let input = input(credentials)
        for error in [
            #expect(throws: APIError.self) { try ProfileRules.checkCreate(input) },
            #expect(throws: APIError.self) { try ProfileRules.credentialsMember(input) },
        ] {
            #expect(error?.code == "ValidationException")
            let message = error?.message ?? ""
            #expect(message.contains("connectorProfileCredentials"))
            #expect(!message.contains("HIDDEN") && !message.contains("slack"))
        }
    }

    @Test func credentialsAreThoseOfTheConnector() {
        do throws(APIError) {
            try ProfileRules.checkCreate(input(["Zendesk": ["clientId": "HIDDEN"]]))
            Issue.record("taken")
        } catch {
            #expect(error.code == "ValidationException" && error.message.contains("Slack"))
            #expect(!error.message.contains("HIDDEN"))
        }
    }

    /// As a client sends it: a null is like nothing at all.
    @Test func nullsCountForNothing() throws {
        let operation = try #require(APIOperation.all.first { $0.name == "UpdateConnectorProfile" })
        let body = """
            {"connectorProfileName":"p","connectionMode":"Public","connectorProfileConfig":{
             "connectorProfileProperties":{"Slack":{"instanceUrl":"https://x"}},
             "connectorProfileCredentials":{"Zendesk":null,"Slack":{"clientId":"i","clientSecret":"s"},"strange":null}}}
            """
        let input = try RequestValidator.validate(operation: operation, uriMembers: [:], body: Array(body.utf8))
        #expect(try ProfileRules.credentialsMember(input) == "Slack")
    }

    @Test(arguments: ["RegisterConnector", "UpdateConnectorRegistration"])
    func ofARegistrationWhatTheModelKnowsGoesOn(_ operation: String) {
        let arn: JSONValue = ["lambdaArn": "arn:aws:lambda:r:1:function:f"]
        let sent: JSONObject = [
            "connectorLabel": "crm", "description": nil, "password": "HIDDEN-1", "clientToken": "t",
            "connectorProvisioningConfig": [
                "lambda": ["lambdaArn": "arn:aws:lambda:r:1:function:f", "secret": "HIDDEN-2"], "other": "HIDDEN-3",
            ],
        ]
        #expect(
            ProfileRules.knownRegistration(sent, operation: operation) == [
                "connectorLabel": "crm", "clientToken": "t", "connectorProvisioningConfig": ["lambda": arn],
            ])
    }
}
