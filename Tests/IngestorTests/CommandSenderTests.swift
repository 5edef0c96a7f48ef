// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Kafka
import PostgreSQL
import RoleSupport
import TestSupport
import Testing

@testable import Ingestor

extension IngestorDatabaseTests {
    @Suite(.serialized) struct CommandSenderTests {
        private static let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

        @Test func theOutcomeAnswersTheClient() throws {
            let sender = try SenderUnderTest()
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let good = sender.request("StartFlow", #"{"flowName":"orders"}"#, [("traceparent", Self.trace)])
            let (command, message) = try #require(try sender.commands(consumer).first)
            #expect(command.operation == "StartFlow" && command.flowName == "orders" && command.account == "1")
            #expect(command.replyTo == SenderUnderTest.instance && command.principal == "arn:me")
            #expect(Envelope.kind(of: message) == .command)
            #expect(message.headers.first { $0.name == "ce_id" }?.value == command.id)
            #expect(message.headers.first { $0.name == "traceparent" }?.value == Self.trace)
            #expect(message.key == Array(command.key.utf8))
            let bad = sender.request("DeleteFlow")
            let other = try #require(try sender.commands(consumer).first).command
            // What another instance waits for, or nobody does, changes nothing.
            sender.tell([(command.id, .success(["not": "ours"]))], to: "api-2")
            sender.tell([("nobody's", .success([:])), (command.id, .success(["flowStatus": "Active"]))])
            sender.tell([(other.id, .failure(code: "ResourceNotFoundException", message: "no such flow"))])
            let success = try #require(good.answer())
            #expect(success.status == 200 && success.text == #"{"flowStatus":"Active"}"#)
            let failure = try #require(bad.answer())
            #expect(failure.status == 404 && failure.text.contains("no such flow"))
            #expect(sender.pending.count == 0)
        }

        @Test func whatMakesARetryRecognisable() throws {
            let sender = try SenderUnderTest()
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            func command(_ body: String, _ headers: [(String, String)]) throws -> Command {
                let answer = sender.request("StartFlow", body, headers)
                let (command, message) = try #require(try sender.commands(consumer).first)
                #expect(!message.headers.contains { $0.name == "traceparent" }, "nonsense is not passed on")
                sender.tell([(command.id, .success([:]))])
                #expect(answer.answer()?.status == 200)
                return command
            }
            let plain = #"{"flowName":"orders"}"#
            let ids = [("amz-sdk-invocation-id", "abc"), ("traceparent", "nonsense")]
            let token = try command(#"{"flowName":"orders","clientToken":"mine"}"#, ids)
            #expect(token.token == "mine")
            let invocation = try command(plain, ids)
            #expect(invocation.token == "invocation:abc")
            let long = try command(plain, [("amz-sdk-invocation-id", String(repeating: "x", count: 129))])
            #expect(long.token == "command:" + long.id)
            let none = try command(plain, [])
            #expect(none.token == "command:" + none.id)
            // The digest goes by what was asked for, and gives nothing of it away.
            #expect(none.digest == invocation.digest && none.digest != token.digest)
            #expect(none.digest.count == 64 && none.id != invocation.id)
        }

        /// Without a way back for the outcome nothing is sent; once there is one, everything is.
        @Test func commandsWaitForTheWayBack() throws {
            let sender = try SenderUnderTest(hasBroker: false)
            try sender.awaitDatabase()
            let answers = [sender.request("StartFlow"), sender.request("DeleteFlow")]
            try #require(eventually { sender.pending.count == 2 })
            try sender.broker.start()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let commands = try sender.commands(consumer, 2).map { $0.command }
            #expect(Set(commands.map { $0.operation }) == ["StartFlow", "DeleteFlow"])
            sender.tell(commands.map { ($0.id, .success([:])) })
            #expect(answers.map { $0.answer()?.status } == [200, 200])
        }

        /// The message with the outcome is lost: its row tells.
        @Test func aLostOutcomeIsReadFromItsRow() throws {
            let sender = try SenderUnderTest()
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let answer = sender.request("StartFlow")
            let command = try #require(try sender.commands(consumer).first).command
            try sender.keep(#"{"executionId":"7"}"#, of: command, digest: command.digest)
            let found = try #require(answer.answer())
            #expect(found.status == 200 && found.text == #"{"executionId":"7"}"#)
            #expect(sender.pending.count == 0)
        }

        /// The same token with another request: what is kept is not this one's answer.
        @Test func anotherRequestsRowIsNoAnswer() throws {
            let sender = try SenderUnderTest(deadlineMilliseconds: 4_000)
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let answer = sender.request("CreateFlow", #"{"flowName":"orders","clientToken":"mine"}"#)
            let command = try #require(try sender.commands(consumer).first).command
            try sender.keep("{}", of: command, digest: "another")
            #expect(answer.answer()?.status == 503)
        }

        @Test func whoHearsNothingIsToldToTryAgain() throws {
            let sender = try SenderUnderTest(deadlineMilliseconds: 300)
            try sender.awaitReadiness()
            let answer = try #require(sender.request("StartFlow").answer())
            #expect(answer.status == 503 && answer.retryAfter == "2")
            #expect(answer.text.contains("may have been carried out") && answer.text.contains("same clientToken"))
            #expect(eventually { sender.pending.count == 0 })
            let other = try #require(sender.request("DeleteFlow").answer())
            #expect(other.text.contains("may have been carried out") && !other.text.contains("clientToken"))
            // The command dies soon after its client's patience: nothing old comes alive.
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let command = try #require(try sender.commands(consumer).first).command
            let now = try sender.connection.value("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            #expect(command.expiresAt < (now.flatMap { Int64($0) } ?? 0) + 2_300_000)
        }

        /// Its client is told so, and it is not sent when the broker comes back.
        @Test func whatCouldNotBeSentWasNotCarriedOut() throws {
            let sender = try SenderUnderTest(hasBroker: false, deadlineMilliseconds: 300)
            try sender.awaitDatabase()
            let answer = try #require(sender.request("StartFlow").answer())
            #expect(answer.status == 503 && answer.retryAfter == "2" && answer.text.contains("was not carried out"))
            try sender.broker.start()
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            _ = sender.request("DeleteFlow")
            #expect(try sender.commands(consumer).map { $0.command.operation } == ["DeleteFlow"])
        }

        /// A start that named no run activated a flow: its token is for the same request alone, whether the outcome or its
        /// row tells. A run is named to whoever has its token.
        @Test(arguments: [(#"{"flowStatus":"Active"}"#, 503), (#"{"executionId":"7"}"#, 200)])
        func tokensOfStarts(_ kept: String, _ status: Int) throws {
            let sender = try SenderUnderTest(deadlineMilliseconds: 4_000)
            try sender.awaitReadiness()
            let consumer = try sender.broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let body = #"{"flowName":"orders","clientToken":"mine"}"#
            let first = sender.request("StartFlow", body)
            let command = try #require(try sender.commands(consumer).first).command
            try sender.keep(kept, of: command, digest: command.digest)
            #expect(first.answer()?.text == kept)
            #expect(sender.request("StartFlow", body).answer()?.text == kept, "the same request, the same answer")
            #expect(sender.request("StartFlow", body + " ").answer()?.status == status)
        }

        @Test func whoComesWhenTooManyWaitIsRefused() throws {
            let sender = try SenderUnderTest(maximumPending: 0)
            try sender.awaitReadiness()
            let answer = try #require(sender.request("StartFlow").answer())
            #expect(answer.status == 503 && answer.retryAfter == "1")
        }

        @Test func withoutADatabaseNothingIsSent() throws {
            let sender = try SenderUnderTest(
                database: PostgresConfiguration(connectionString: "host=/nonexistent dbname=x"))
            let answer = try #require(sender.request("StartFlow").answer())
            #expect(answer.status == 503 && answer.retryAfter == "2" && sender.pending.count == 0)
        }
    }
}
