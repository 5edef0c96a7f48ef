// SPDX-License-Identifier: Apache-2.0
import AWSClient
import Cryptography
import FaultServer
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

    // MARK: KMS

    private static let arn = "arn:aws:kms:us-east-1:000000000000:key/k"
    private static let dataKey = [UInt8](repeating: 7, count: 32)

    /// The same profile with its envelope wrapped.
    private func wrapped(dataKey: [UInt8] = dataKey) throws -> ProfileRecord {
        var profile = try profile()
        profile.kmsArn = Self.arn
        let inner = try #require(SealedEnvelope(text: profile.sealedCredentials ?? ""))
        profile.sealedCredentials =
            WrappedEnvelope(
                inner, dataKey: dataKey, wrappedKey: [1, 2, 3], wrappingKey: Self.arn, context: profile.sealingContext
            ).text
        return profile
    }

    private func secrets(_ server: FaultServer) throws -> ProfileSecrets {
        let kms = KMSClient(endpoint: try #require(AWSEndpoint(server.url)), settings: AWSSettings())
        return ProfileSecrets(keys: try .init(pem: X25519PEM.privateKey.encode(privateKey)), kms: kms)
    }

    private func kms() -> FaultServer {
        FaultServer { _, connection in
            connection.respond(200, text: #"{"Plaintext":"\#(Base64.encode(Self.dataKey))"}"#)
        }
    }

    @Test func wrappedCredentialsOpenWithBothKeys() throws {
        let server = kms()
        #expect(try secrets(server).credentials(of: wrapped()) == ["Slack": ["clientId": "i"]])
        let asked = try JSONValue.parse(try #require(server.requests.first).body)
        #expect(asked["KeyId"]?.stringValue == Self.arn && asked["CiphertextBlob"]?.stringValue == "AQID")
        #expect(
            asked["EncryptionContext"] == ["millrace:account": "1", "millrace:connector-profile": "crm"])
    }

    @Test func olderEnvelopesOpenWithoutKMS() throws {
        let server = FaultServer { _, connection in connection.respond(500) }
        var profile = try profile()
        profile.kmsArn = Self.arn
        #expect(try secrets(server).credentials(of: profile) == ["Slack": ["clientId": "i"]])
        #expect(server.requests.isEmpty)
    }

    @Test func neitherKeyAloneOpens() throws {
        // The workers' key without KMS.
        #expect(throws: SealingKeyError.self) { try secrets().credentials(of: wrapped()) }
        // KMS without the workers' key.
        let server = kms()
        let other = ProfileSecrets(
            keys: try .init(pem: X25519PEM.privateKey.encode(X25519.makePrivateKey())),
            kms: KMSClient(endpoint: try #require(AWSEndpoint(server.url)), settings: AWSSettings()))
        #expect(throws: SealingKeyError.self) { try other.credentials(of: wrapped()) }
        // Another data key.
        let strange = try wrapped(dataKey: [UInt8](repeating: 8, count: 32))
        #expect(throws: SealingKeyError.self) { try secrets(server).credentials(of: strange) }
    }

    @Test func anotherKeyOrProfileInTheRowOpensNothing() throws {
        let server = kms()
        var moved = try wrapped()
        moved.name = "other"
        #expect(throws: SealingKeyError.self) { try secrets(server).credentials(of: moved) }
        var renamed = try wrapped()
        renamed.kmsArn = Self.arn + "2"
        #expect(throws: SealingKeyError.self) { try secrets(server).credentials(of: renamed) }
        renamed.kmsArn = nil
        #expect(throws: SealingKeyError.self) { try secrets(server).credentials(of: renamed) }
    }

    @Test func whatKMSSaysIsToldApart() throws {
        for (status, type, isRetriable) in [
            (400, "DisabledException", false), (400, "AccessDeniedException", false), (503, "", true),
        ] {
            let server = FaultServer { _, connection in
                connection.respond(status, text: #"{"__type":"\#(type)"}"#)
            }
            let error = #expect(throws: KMSError.self) { try secrets(server).credentials(of: wrapped()) }
            #expect(error?.isRetriable == isRetriable)
        }
    }
}
