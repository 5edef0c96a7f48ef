// SPDX-License-Identifier: Apache-2.0
import Cryptography
import FlowDomain
import JSON
import Testing
import Unsealing

@testable import Worker

@Suite struct ProfileSecretsTests {
    private let privateKey = X25519.makePrivateKey()

    private func profile(name: String = "crm", properties: String = #"{"Slack":{"instanceUrl":"u"}}"#) throws
        -> ProfileRecord
    {
        let publicKey = try #require(X25519.publicKey(of: privateKey))
        let context = ProfileRecord.sealingContext(
            account: "1", name: "crm", properties: #"{"Slack":{"instanceUrl":"u"}}"#)
        let envelope = try SealingKeys(pem: X25519PEM.publicKey.encode(publicKey)).seal(
            Array(#"{"Slack":{"clientId":"i"}}"#.utf8), context: context)
        return ProfileRecord(
            uuid: "u", account: "1", name: name, version: 1, connectorType: "Slack", connectorLabel: nil,
            connectionMode: "Public", properties: properties, sealedCredentials: envelope.text, kmsArn: nil,
            privateConnectionStatus: nil, createdAt: 0, updatedAt: 0, createdBy: "", updatedBy: "")
    }

    private func secrets() throws -> ProfileSecrets {
        ProfileSecrets(keys: try .init(pem: X25519PEM.privateKey.encode(privateKey)))
    }

    @Test func credentialsOpen() throws {
        #expect(try secrets().credentials(of: profile()) == ["Slack": ["clientId": "i"]])
        var bare = try profile()
        bare.sealedCredentials = nil
        #expect(try secrets().credentials(of: bare) == nil)
    }

    @Test func credentialsOfAnotherProfileOrAddressDoNot() throws {
        #expect(throws: SealingKeyError.self) { try secrets().credentials(of: profile(name: "other")) }
        #expect(throws: SealingKeyError.self) {
            try secrets().credentials(of: profile(properties: #"{"Slack":{"instanceUrl":"evil"}}"#))
        }
        var broken = try profile()
        broken.sealedCredentials = "millrace1.x"
        #expect(throws: SealingKeyError.self) { try secrets().credentials(of: broken) }
    }
}
