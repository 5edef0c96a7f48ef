// SPDX-License-Identifier: Apache-2.0
import FaultServer
import FlowDomain
import JSON
import Kafka
import RoleSupport
import Synchronization
import TestSupport
import Testing
import Threading

extension WorkerDatabaseTests {
    /// What a worker does while a run goes on, and what can come in between.
    @Suite(.serialized) struct InterruptionTests {
        private static let line = "id,name\n1,one\n"

        /// An answer that begins and never ends, until the client leaves; `left` gets a word then.
        private static func stall(_ left: Mailbox<Bool>) -> FaultyBuckets.Handler {
            { _, connection in
                connection.send(connection.head(200, [("Content-Length", String(FaultyBuckets.size))]))
                connection.send(Array(line.utf8))
                connection.stallUntilClientLeaves()
                _ = left.offer(true)
            }
        }

        @Test func aRunIsExecutedAndTold() throws {
            let worker = try WorkerUnderTest()
            worker.buckets.put("in/a.csv", text: Self.line)
            try worker.queue(1...1, prefix: "in")
            worker.start()
            #expect(try eventually { try worker.end(1) != nil })
            #expect(
                try worker.connection.lines("SELECT state, attempt, failures, records FROM run_history") == [
                    "Successful|1|0|1"
                ])
            #expect(worker.buckets.count("POST") == 2 && worker.buckets.count("PUT") == 1)
            let consumer = try worker.broker.consumer(of: Topics.runEvents)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let event = try RunEvent(decoding: JSONValue.parse(try consumer.read(1).first?.value ?? []))
            #expect(event.kind == .succeeded && event.runID == WorkerUnderTest.id(1))
            #expect(try eventually { try worker.connection.count("outbox") == 0 })
            #expect(try worker.connection.count("staged_uploads", where: "upload_id <> ''") == 0)
        }

        @Test func theLeaseOfALongRunIsRenewed() throws {
            let worker = try WorkerUnderTest()
            let left = Mailbox<Bool>()
            worker.buckets.put("in/a.csv", Self.stall(left))
            try worker.queue(1...1, prefix: "in")
            worker.start()
            #expect(try eventually { try worker.live(1, "sequence >= 3 AND lease_until > now()") == "t" })
            #expect(
                try worker.live(1, "state, attempt, owner, lease_until > started_at + interval '4.5 seconds'")
                    == "InProgress|1|me|t")
            let consumer = try worker.broker.consumer(of: Topics.runEvents)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            let events = try consumer.read(2).map { try RunEvent(decoding: JSONValue.parse($0.value ?? [])) }
            #expect(events.prefix(2).map { $0.kind } == [.started, .progress])
            // Whoever shuts down gives a run back, and this is no failure.
            worker.shutdown()
            #expect(left.take(timeoutMilliseconds: 30_000) == [true])
            let connection = try testDatabase.connect()
            defer { connection.close() }
            #expect(
                try connection.lines("SELECT state, attempt, failures FROM live_runs") == ["Queued|1|0"])
        }

        @Test func aCancelEndsARunInTheMidstOfARead() throws {
            let worker = try WorkerUnderTest()
            let left = Mailbox<Bool>()
            worker.buckets.put("in/a.csv", text: Self.line)
            worker.buckets.put("in/b.csv", Self.stall(left))
            try worker.queue(1...1, prefix: "in")
            worker.start()
            #expect(eventually { worker.buckets.count("GET") { $0.path.hasSuffix("b.csv") } == 1 })
            try worker.cancel(1)
            #expect(left.take(timeoutMilliseconds: 30_000) == [true])
            #expect(try eventually { try worker.end(1) != nil })
            #expect(try worker.end(1) == "Canceled")
            #expect(worker.buckets.count("DELETE") == 1, "what was staged is thrown away")
            #expect(worker.buckets.count("POST") { !$0.target.contains("uploads") } == 0)
        }

        /// Another worker has taken the run over: this one leaves it alone, and everything that it staged.
        @Test func aRunThatWasLostIsLeftAlone() throws {
            let worker = try WorkerUnderTest()
            let left = Mailbox<Bool>()
            worker.buckets.put("in/a.csv", Self.stall(left))
            try worker.queue(1...1, prefix: "in")
            worker.start()
            #expect(eventually { worker.buckets.count("GET") { $0.path.hasSuffix("a.csv") } == 1 })
            try worker.connection.script(
                "UPDATE live_runs SET attempt = 2, owner = 'other', lease_until = 'infinity'")
            #expect(left.take(timeoutMilliseconds: 30_000) == [true])
            // The slot is free again.
            worker.buckets.put("next/a.csv", text: Self.line)
            try worker.queue(2...2, prefix: "next")
            #expect(try eventually { try worker.end(2) == "Successful" })
            #expect(
                try worker.live(1, "state, attempt, failures, owner, lease_until") == "InProgress|2|0|other|infinity")
            #expect(try worker.end(1) == nil)
        }

        /// Half of its records may be staged already: the whole run is done again.
        @Test func anObjectThatIsDeletedWhileItIsReadIsATryMore() throws {
            let worker = try WorkerUnderTest()
            worker.buckets.put("in/a.csv") { request, connection in
                if request.header("range") != nil {
                    connection.respond(404, text: "<Error><Code>NoSuchKey</Code></Error>")
                    return
                }
                connection.send(connection.head(200, [("Content-Length", String(FaultyBuckets.size))]))
                connection.send(Array(Self.line.utf8))
                connection.close()
            }
            try worker.queue(1...1, prefix: "in")
            worker.start()
            #expect(try eventually { try worker.live(1, "failures") == "1" })
            #expect(try worker.live(1, "state, attempt") == "Queued|1")
            #expect(try worker.live(1, "last_error") == "s3://source/in/a.csv was deleted while it was read.")
            // The next attempt no longer finds it in the listing.
            #expect(worker.buckets.count("POST") == 0)
        }

        /// Before anything of it was read an object that is gone is as if it had never been listed.
        @Test func anObjectThatIsGoneBeforeItIsReadIsPassedOver() throws {
            let worker = try WorkerUnderTest()
            worker.buckets.put("in/a.csv") { _, connection in
                connection.respond(404, text: "<Error><Code>NoSuchKey</Code></Error>")
            }
            worker.buckets.put("in/b.csv", text: Self.line)
            try worker.queue(1...1, prefix: "in")
            worker.start()
            #expect(try eventually { try worker.end(1) == "Successful" })
            #expect(try worker.connection.lines("SELECT records FROM run_history") == ["1"])
        }

        /// The store does not answer when what was staged is to be thrown away: the run ends all the same, and the upload
        /// is left to the sweeper.
        @Test(arguments: [false, true])
        func aCleanUpThatHangsHoldsNobody(_ isCancelled: Bool) throws {
            let worker = try WorkerUnderTest()
            let left = Mailbox<Bool>()
            worker.buckets.put("in/a.csv", text: Self.line)
            if isCancelled {
                worker.buckets.put("in/b.csv", Self.stall(left))
            } else {
                worker.buckets.put("in/b.csv") { _, connection in
                    connection.respond(403, text: "<Error><Code>AccessDenied</Code></Error>")
                }
            }
            worker.buckets.onAbort { _, connection in connection.stallUntilClientLeaves() }
            try worker.queue(1...1, prefix: "in")
            worker.start()
            if isCancelled {
                #expect(eventually { worker.buckets.count("GET") { $0.path.hasSuffix("b.csv") } == 1 })
                try worker.cancel(1)
            }
            #expect(try eventually { try worker.end(1) != nil })
            #expect(try worker.end(1) == (isCancelled ? "Canceled" : "Error"))
            #expect(worker.buckets.count("DELETE") == 1)
            #expect(try worker.connection.count("staged_uploads", where: "upload_id = 'up'") == 1)
        }
    }
}
