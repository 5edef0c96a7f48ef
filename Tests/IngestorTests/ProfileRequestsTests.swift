// SPDX-License-Identifier: Apache-2.0
import AWSClient
import Cryptography
import FaultServer
import FlowDomain
import JSON
import Kafka
import PostgreSQL
import RoleSupport
import Synchronization
import TestSupport
import Testing
import Threading

@testable import Ingestor

extension IngestorDatabaseTests {
    @Suite(.serialized) struct ProfileRequestsTests {
        private static let arn = "arn:aws:kms:r:1:key/k"

        private func keys() throws -> SealingKeys {
            let key = try #require(X25519.publicKey(of: X25519.makePrivateKey()))
            return try SealingKeys(pem: X25519PEM.publicKey.encode(key))
        }

        private func kms(_ server: FaultServer) throws -> KMSClient {
            KMSClient(endpoint: try #require(AWSEndpoint(server.url)), settings: AWSSettings())
        }

        private func goodKMS() -> FaultServer {
            let key = Base64.encode([UInt8](repeating: 7, count: 32))
            return FaultServer { _, connection in
                connection.respond(200, text: #"{"Plaintext":"\#(key)","CiphertextBlob":"AQI="}"#)
            }
        }

        private func body(_ name: String, token: String = "t", secret: String = "s", kmsArn: String? = nil) -> String {
            let kms = kmsArn.map { #""kmsArn":"\#($0)","# } ?? ""
            return #"{"connectorProfileName":"\#(name)","clientToken":"\#(token)","connectorType":"Slack",\#(kms)"#
                + #""connectionMode":"Public","connectorProfileConfig":{"connectorProfileProperties":"#
                + #"{"Slack":{"instanceUrl":"u"}},"connectorProfileCredentials":{"Slack":{"clientId":"\#(secret)"}}}}"#
        }

        private func keep(_ name: String, kmsArn: String?, _ connection: PostgresConnection) throws {
            _ = try connection.execute(
                SQLStatement(
                    "keep profile",
                    """
                    INSERT INTO connector_profiles (uuid, account, name, version, connector_type, connection_mode,
                        properties, kms_arn, created_at, updated_at, created_by, updated_by)
                    VALUES (gen_random_uuid(), '1', $1, 1, 'Slack', 'Public', '{}', $2, now(), now(), '', '')
                    """), [.text(name), kmsArn.map { .text($0) } ?? .null])
        }

        /// Sends a request and takes its command, as a controller that does it.
        private func command(
            _ sender: SenderUnderTest, _ consumer: KafkaConsumer, _ operation: String, _ body: String
        ) throws -> Command {
            let answer = sender.request(operation, body)
            let command = try #require(try sender.commands(consumer).first).command
            sender.tell([(command.id, .success([:]))])
            #expect(answer.answer()?.status == 200)
            return command
        }

        @Test func theDigestTellsSecretsApart() throws {
            let sender = try SenderUnderTest(sealing: try keys())
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let first = try command(sender, consumer, "CreateConnectorProfile", body("a"))
            let again = try command(sender, consumer, "CreateConnectorProfile", body("a"))
            let other = try command(sender, consumer, "CreateConnectorProfile", body("a", secret: "z"))
            let later = try command(sender, consumer, "CreateConnectorProfile", body("a", token: "u"))
            #expect(first.digest == again.digest && first.digest != other.digest && first.digest.count == 64)
            #expect(later.digest != first.digest)
            // Not the digest that anybody with the store's key can make millions of in a second.
            let key = try #require(try sender.connection.value("SELECT secret FROM service_keys WHERE name = 'tokens'"))
            let quick = HMACSHA256.authenticate(
                key: Array(key.utf8), message: Array("CreateConnectorProfile".utf8) + [0] + Array(body("a").utf8))
            #expect(first.digest != Hex.encode(quick))
        }

        @Test func aNewProfileIsWrappedWithTheKeyThatItNames() throws {
            let server = goodKMS()
            let sender = try SenderUnderTest(sealing: try keys(), kms: try kms(server))
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let command = try command(sender, consumer, "CreateConnectorProfile", body("b", kmsArn: Self.arn))
            #expect(WrappedEnvelope(text: command.input["sealedCredentials"]?.stringValue ?? "") != nil)
            #expect(command.input["wrapping"] == nil, "the key stands in the command itself")
            #expect(server.requests.count == 1)
        }

        @Test func anUpdateIsWrappedWithTheKeyOfTheProfile() throws {
            let server = goodKMS()
            let sender = try SenderUnderTest(sealing: try keys(), kms: try kms(server))
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            try sender.connection.script("DELETE FROM connector_profiles")
            defer { try? sender.connection.script("DELETE FROM connector_profiles") }
            try keep("wrapped", kmsArn: Self.arn, sender.connection)
            try keep("plain", kmsArn: nil, sender.connection)
            // A key that the client names is none of an update's members.
            for (name, kmsArn) in [("wrapped", Self.arn), ("plain", nil), ("nobody", nil)] as [(String, String?)] {
                let command = try command(sender, consumer, "UpdateConnectorProfile", body(name, kmsArn: "arn:other"))
                let text = command.input["sealedCredentials"]?.stringValue ?? ""
                #expect((WrappedEnvelope(text: text) != nil) == (kmsArn != nil), "\(name)")
                #expect((SealedEnvelope(text: text) != nil) == (kmsArn == nil), "\(name)")
                #expect(command.input["wrapping"] == .object(kmsArn.map { ["kmsArn": .string($0)] } ?? [:]), "\(name)")
            }
            #expect(server.requests.count == 1)
        }

        @Test func withoutKMSNoKeyIsLookedUp() throws {
            let sender = try SenderUnderTest(sealing: try keys())
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let command = try command(sender, consumer, "UpdateConnectorProfile", body("c"))
            #expect(command.input["wrapping"] == nil)
        }

        /// One request holds the only thread; the second waits, and the third is too much.
        @Test func aStalledKMSHoldsNobodyUp() throws {
            let server = FaultServer { _, connection in connection.stallUntilClientLeaves() }
            let sender = try SenderUnderTest(
                sealing: try keys(), kms: try kms(server), waitingToSeal: 1, sealingPatienceMilliseconds: 2_000)
            try sender.awaitReadiness()
            let first = sender.request("CreateConnectorProfile", body("d", kmsArn: Self.arn))
            try #require(eventually { server.requests.count == 1 })
            let others = (0..<4).map { _ in sender.request("CreateConnectorProfile", body("d", kmsArn: Self.arn)) }
            // Other requests go on meanwhile.
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let start = sender.request("StartFlow")
            let command = try #require(try sender.commands(consumer).first).command
            sender.tell([(command.id, .success([:]))])
            #expect(start.answer()?.status == 200)
            let stalled = try #require(first.answer())
            #expect(stalled.status == 503 && stalled.retryAfter == "2" && !stalled.text.contains("arn"))
            let refused = others.compactMap { $0.answer() }
            #expect(refused.count == 4 && refused.allSatisfy { $0.status == 503 && $0.retryAfter != nil })
            #expect(refused.contains { $0.text.contains("busy") })
            #expect(sender.pending.count == 0)
        }

        /// A key that is gone by now does not change the answer to a request that was carried out.
        @Test func aRetryIsAnsweredAsBeforeWithoutItsKey() throws {
            let isGone = Mutex(false)
            let good = Base64.encode([UInt8](repeating: 7, count: 32))
            let server = FaultServer { _, connection in
                if isGone.withLock({ $0 }) {
                    connection.respond(400, text: #"{"__type":"NotFoundException"}"#)
                } else {
                    connection.respond(200, text: #"{"Plaintext":"\#(good)","CiphertextBlob":"AQI="}"#)
                }
            }
            let sender = try SenderUnderTest(sealing: try keys(), kms: try kms(server))
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let done = try command(sender, consumer, "CreateConnectorProfile", body("f", kmsArn: Self.arn))
            try sender.keep(#"{"connectorProfileArn":"a"}"#, of: done, digest: done.digest)
            isGone.withLock { $0 = true }
            func retry(_ body: String) -> SenderUnderTest.Answer? {
                sender.request("CreateConnectorProfile", body).answer()
            }
            let again = try #require(retry(body("f", kmsArn: Self.arn)))
            #expect(again.status == 200 && again.text == #"{"connectorProfileArn":"a"}"#)
            for other in [
                body("f", secret: "z", kmsArn: Self.arn), body("f", token: "u", kmsArn: Self.arn),
            ] {
                let refused = try #require(retry(other))
                #expect(refused.status == 400 && refused.text.contains(Self.arn))
            }
        }

        @Test func whatIsRefusedIsRefusedAtOnce() throws {
            let server = FaultServer { _, connection in
                connection.respond(400, text: #"{"__type":"DisabledException"}"#)
            }
            let sender = try SenderUnderTest(sealing: try keys(), kms: try kms(server))
            try sender.awaitReadiness()
            let answer = try #require(sender.request("CreateConnectorProfile", body("e", kmsArn: Self.arn)).answer())
            #expect(answer.status == 400 && answer.text.contains(Self.arn) && sender.pending.count == 0)
        }
    }
}
