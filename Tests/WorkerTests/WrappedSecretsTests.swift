// SPDX-License-Identifier: Apache-2.0
import AWSClient
import Cryptography
import FlowDomain
import JSON
import Testing
import Unsealing

@testable import Worker

/// Wrapped and unwrapped by a KMS that was not written to please us.
@Suite(.enabled(if: MotoKMS.python != nil, "make venv")) struct WrappedSecretsTests {
    private let privateKey = X25519.makePrivateKey()

    private func profile(_ kms: KMSClient, _ arn: String) throws -> ProfileRecord {
        var profile = ProfileRecord(
            uuid: "u", account: "1", name: "crm", version: 1, connectorType: "Slack", connectorLabel: nil,
            connectionMode: "Public", properties: "{}", sealedCredentials: nil, kmsArn: arn,
            privateConnectionStatus: nil, createdAt: 0, updatedAt: 0, createdBy: "", updatedBy: "")
        let publicKey = try #require(X25519.publicKey(of: privateKey))
        let inner = try SealingKeys(pem: X25519PEM.publicKey.encode(publicKey)).seal(
            Array(#"{"Slack":{"clientId":"i"}}"#.utf8), context: profile.sealingContext)
        let dataKey = try kms.generateDataKey(
            arn, context: ProfileRecord.encryptionContext(account: "1", name: "crm"), timeoutMilliseconds: 60_000)
        profile.sealedCredentials =
            WrappedEnvelope(
                inner, dataKey: dataKey.plaintext, wrappedKey: dataKey.wrapped, wrappingKey: arn,
                context: profile.sealingContext
            ).text
        return profile
    }

    @Test func credentialsOpenForTheirProfileAlone() throws {
        let moto = try MotoKMS()
        let kms = try moto.client()
        let secrets = ProfileSecrets(keys: try .init(pem: X25519PEM.privateKey.encode(privateKey)), kms: kms)
        let profile = try profile(kms, try moto.makeKey())
        #expect(try secrets.credentials(of: profile) == ["Slack": ["clientId": "i"]])
        var moved = profile
        moved.name = "other"
        let error = #expect(throws: KMSError.self) { try secrets.credentials(of: moved) }
        #expect(error?.kind == .wrongCiphertext, "KMS itself refuses another context")
        let unknown = #expect(throws: KMSError.self) {
            try kms.generateDataKey(
                "arn:aws:kms:us-east-1:123456789012:key/nobody", context: [:], timeoutMilliseconds: 60_000)
        }
        #expect(unknown?.kind == .unknownKey)
    }
}
