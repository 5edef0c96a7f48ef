// SPDX-License-Identifier: Apache-2.0
import AWSClient
import AppFlowAPI
import Cryptography
import FaultServer
import FlowDomain
import JSON
import Observability
import Testing
import Threading
import Unsealing

@testable import Ingestor

/// What the api lets through of a request that holds credentials.
@Suite struct CredentialSealingTests {
    private let caller = Caller(
        account: "123456789012", principal: "arn:me", region: "r", mayWrite: true)
    private let privateKey = X25519.makePrivateKey()

    private func keys() throws -> SealingKeys {
        try SealingKeys(pem: X25519PEM.publicKey.encode(try #require(X25519.publicKey(of: privateKey))))
    }

    private func sealing(_ keys: SealingKeys?, kms: KMSClient? = nil) -> CredentialSealing {
        CredentialSealing(
            keys: keys, kms: kms, logger: Logger(role: "test", level: .error), isCancelled: { false })
    }

    private func command(
        _ input: JSONObject, _ sealing: CredentialSealing, kmsArn: String? = nil
    ) throws(APIError) -> JSONObject {
        try sealing.command(input, caller, kmsArn: kmsArn, deadline: MonotonicClock.milliseconds + 60_000)
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
        let command = try command(input, sealing(try keys()))
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

    @Test func aKeyWithoutKMSChangesNothing() throws {
        let sealed = try command(input, sealing(try keys()), kmsArn: "arn:k")["sealedCredentials"]?.stringValue
        #expect(sealed.flatMap { SealedEnvelope(text: $0) } != nil)
    }

    // MARK: KMS

    private static let arn = "arn:aws:kms:r:1:key/k"

    private func kms(_ url: String) throws -> KMSClient {
        KMSClient(endpoint: try #require(AWSEndpoint(url)), settings: AWSSettings())
    }

    @Test func aKeyOfKMSIsNeededToo() throws {
        let dataKey = [UInt8](repeating: 7, count: 32)
        let text = #"{"Plaintext":"\#(Base64.encode(dataKey))","CiphertextBlob":"AQI="}"#
        let server = FaultServer { _, connection in connection.respond(200, text: text) }
        let command = try command(input, sealing(try keys(), kms: try kms(server.url)), kmsArn: Self.arn)
        let asked = try JSONValue.parse(try #require(server.requests.first).body)
        #expect(asked["KeyId"]?.stringValue == Self.arn)
        #expect(
            asked["EncryptionContext"]
                == ["millrace:account": .string(caller.account), "millrace:connector-profile": "crm"])
        let wrapped = try #require(WrappedEnvelope(text: command["sealedCredentials"]?.stringValue ?? ""))
        #expect(wrapped.wrappedKey == [1, 2])
        let context = ProfileRecord.sealingContext(
            account: caller.account, name: "crm", properties: command["properties"]?.serializedString() ?? "")
        let envelope = try wrapped.open(dataKey: dataKey, wrappingKey: Self.arn, context: context)
        let opened = try UnsealingKeys(pem: X25519PEM.privateKey.encode(privateKey)).open(envelope, context: context)
        #expect(String(decoding: opened, as: UTF8.self) == #"{"Salesforce":{"accessToken":"HIDDEN-5"}}"#)
    }

    @Test func kmsIsAskedForCredentialsAndKeysOnly() throws {
        let server = FaultServer { _, connection in connection.respond(500) }
        let sealing = sealing(try keys(), kms: try kms(server.url))
        _ = try command(input, sealing)
        var bare = input
        bare["connectorProfileConfig"] = ["connectorProfileProperties": ["Salesforce": [:]]]
        #expect(try command(bare, sealing, kmsArn: Self.arn)["sealedCredentials"] == nil)
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [
        ("AccessDeniedException", "ValidationException"), ("NotFoundException", "ValidationException"),
        ("DisabledException", "ValidationException"), ("InvalidArnException", "ValidationException"),
        ("UnrecognizedClientException", "InternalServerException"), ("ThrottlingException", "ServiceUnavailable"),
    ])
    func whatKMSRefusesIsToldWithTheKeysName(type: String, code: String) throws {
        let server = FaultServer { _, connection in
            connection.respond(400, text: #"{"__type":"\#(type)","message":"about arn:aws:iam::1:user/hidden"}"#)
        }
        let sealing = sealing(try keys(), kms: try kms(server.url))
        do throws(APIError) {
            _ = try command(input, sealing, kmsArn: Self.arn)
            Issue.record("the credentials were sealed")
        } catch {
            #expect(error.code == code && !error.message.contains("hidden") && !error.message.contains("HIDDEN"))
            #expect(error.message.contains(Self.arn) == (code == "ValidationException"))
            #expect((error.retryAfterSeconds != nil) == (code == "ServiceUnavailable"))
        }
    }

    @Test func whoeverComesTooLateAsksNobody() throws {
        let server = FaultServer { _, connection in connection.respond(500) }
        let sealing = sealing(try keys(), kms: try kms(server.url))
        #expect(throws: APIError.busy) {
            try sealing.command(input, caller, kmsArn: Self.arn, deadline: MonotonicClock.milliseconds)
        }
        #expect(server.requests.isEmpty)
    }

    // MARK: Without keys

    @Test func withoutKeysNoCredentialsAreTaken() throws {
        do throws(APIError) {
            _ = try command(input, sealing(nil))
            Issue.record("the credentials were taken")
        } catch {
            #expect(error.code == "ValidationException" && error.message.contains("MILLRACE_SEALING_PUBLIC_KEYS_FILE"))
        }
        var bare = input
        bare["connectorProfileConfig"] = ["connectorProfileProperties": ["Salesforce": [:]]]
        let command = try command(bare, sealing(nil))
        #expect(command["sealedCredentials"] == nil, "what a client calls so is not taken for an envelope")
    }
}
