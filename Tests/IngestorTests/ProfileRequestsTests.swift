// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import FlowDomain
import JSON
import Testing
import Unsealing

@testable import Ingestor

/// What the api lets through of a request that holds credentials.
@Suite struct ProfileRequestsTests {
    private let caller = Caller(
        account: "123456789012", principal: "arn:me", region: "r", mayWrite: true)
    private let privateKey = X25519.makePrivateKey()

    private func sealing() throws -> SealingKeys {
        try SealingKeys(pem: X25519PEM.publicKey.encode(try #require(X25519.publicKey(of: privateKey))))
    }

    private let input: JSONObject = [
        "connectorProfileName": "crm", "connectorType": "Salesforce", "connectionMode": "Public", "clientToken": "t",
        "kmsArn": "arn:k", "password": "HIDDEN-1", "sealedCredentials": "HIDDEN-2",
        "connectorProfileConfig": [
            "connectorProfileProperties": [
                "Salesforce": ["instanceUrl": "https://x", "isSandboxEnvironment": false, "accessToken": "HIDDEN-3"],
                "strange": "HIDDEN-4",
            ],
            "connectorProfileCredentials": ["Salesforce": ["accessToken": "HIDDEN-5"]],
            "credentials": "HIDDEN-6",
        ],
    ]

    @Test func nothingSecretGoesOn() throws {
        let command = try ProfileRequests.sealed(input, caller, try sealing())
        let text = JSONValue.object(command).serializedString()
        #expect(!text.contains("HIDDEN"), "\(text)")
        #expect(
            command["clientToken"] == "t" && command["kmsArn"] == "arn:k" && command["connectorType"] == "Salesforce")
        #expect(command["properties"] == ["Salesforce": ["instanceUrl": "https://x", "isSandboxEnvironment": false]])
        #expect(command["credentialsKey"] == "Salesforce")
        let envelope = try #require(SealedEnvelope(text: command["sealedCredentials"]?.stringValue ?? ""))
        let context = ProfileRecord.sealingContext(
            account: caller.account, name: "crm", properties: command["properties"]?.serializedString() ?? "")
        let opened = try UnsealingKeys(pem: X25519PEM.privateKey.encode(privateKey)).open(envelope, context: context)
        #expect(String(decoding: opened, as: UTF8.self) == #"{"Salesforce":{"accessToken":"HIDDEN-5"}}"#)
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

    @Test func withoutKeysNoCredentialsAreTaken() throws {
        #expect(throws: APIError.self) { try ProfileRequests.sealed(input, caller, nil) }
        do throws(APIError) {
            _ = try ProfileRequests.sealed(input, caller, nil)
        } catch {
            #expect(error.code == "ValidationException" && error.message.contains("MILLRACE_SEALING_PUBLIC_KEYS_FILE"))
        }
        var bare = input
        bare["connectorProfileConfig"] = ["connectorProfileProperties": ["Salesforce": [:]]]
        let command = try ProfileRequests.sealed(bare, caller, nil)
        #expect(command["sealedCredentials"] == nil, "what a client calls so is not taken for an envelope")
    }
}
