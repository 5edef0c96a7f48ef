// SPDX-License-Identifier: Apache-2.0
import FlowStore
import Kafka
import PostgreSQL
import RoleSupport
import TestSupport
import Testing

extension RoleSupportTests {
    @Suite(.serialized) struct OutboxPublisherTests {
        private let connection: PostgresConnection

        init() throws {
            connection = try testDatabase.connect()
            try connection.script("TRUNCATE outbox")
        }

        /// Rows of the outbox, as a transaction of some process committed them.
        private func insert(_ values: [String]) throws -> [OutboxStore.Row] {
            let messages = values.map { value in
                let envelope = Envelope(id: "id of \(value)", kind: .runEvent, source: "/test", subject: "s")
                return (topic: Topics.runEvents, key: "k", headers: envelope.headersText, value: value)
            }
            let step = OutboxStore.insertStep(messages)
            let ids = try connection.execute(step.0, step.1)
            return messages.enumerated().map { index, message in
                OutboxStore.Row(
                    id: ids.int(index, 0) ?? 0, topic: message.topic, key: message.key, headers: message.headers,
                    value: message.value)
            }
        }

        /// As if they had been committed long ago.
        private func age() throws { try connection.script("UPDATE outbox SET created_at = now() - interval '1 hour'") }

        private func withPublisher(
            _ broker: TestBroker, _ body: (OutboxPublisher, MessageBus) throws -> Void
        ) throws {
            let stop = StopSignal()
            let bus = broker.makeBus(stop: stop)
            let publisher = OutboxPublisher(
                bus: bus, database: try testDatabase.configuration(), logger: testLogger, stop: stop)
            publisher.start()
            defer {
                stop.raise()
                bus.shutdown(deadlineMilliseconds: 5_000)
                publisher.join()
            }
            try body(publisher, bus)
        }

        private func isEmpty() throws -> Bool { try connection.count("outbox") == 0 }

        @Test func whatIsDeliveredIsForgotten() throws {
            let broker = try TestBroker()
            try withPublisher(broker) { publisher, bus in
                _ = try #require(bus.awaitEndpoint())
                let rows = try insert((0..<50).map { "event \($0)" })
                for row in rows { publisher.publish(row) }
                let consumer = try broker.consumer(of: Topics.runEvents)
                defer { consumer.close(deadlineMilliseconds: 2_000) }
                let messages = try consumer.read(50)
                #expect(messages.map { $0.text } == rows.map { $0.value })
                #expect(messages.first?.headers.first { $0.name == "ce_id" }?.value == "id of event 0")
                #expect(messages.first?.key == Array("k".utf8))
                #expect(try eventually { try isEmpty() })
            }
        }

        /// Deliveries that are reported during the shutdown count.
        @Test func whatIsDeliveredAtTheEndIsForgotten() throws {
            let broker = try TestBroker()
            try withPublisher(broker) { publisher, bus in
                _ = try #require(bus.awaitEndpoint())
                for row in try insert((0..<500).map { "event \($0)" }) { publisher.publish(row) }
            }
            #expect(try isEmpty())
        }

        /// Another process died between its commit and the delivery.
        @Test func whatOthersLeftBehindIsSentOnce() throws {
            let broker = try TestBroker()
            _ = try insert((0..<30).map { "left \($0)" })
            try age()
            let young = try insert(["young"])
            try withPublisher(broker) { publisher, _ in
                let consumer = try broker.consumer(of: Topics.runEvents)
                defer { consumer.close(deadlineMilliseconds: 2_000) }
                let left = try consumer.read(30)
                #expect(left.map { $0.text } == (0..<30).map { "left \($0)" })
                #expect(try eventually { try connection.lines("SELECT value FROM outbox") == ["young"] })
                // Its own sender has still time; once it has sent it, nobody sends it again.
                for row in young { publisher.publish(row) }
                #expect(try consumer.read(1).map { $0.text } == ["young"])
                #expect(try eventually { try isEmpty() })
            }
        }

        @Test func withoutABrokerTheRowsStay() throws {
            let broker = try TestBroker(started: false)
            let rows = try insert(["a", "b"])
            try age()
            try withPublisher(broker) { publisher, bus in
                for row in rows { publisher.publish(row) }
                #expect(try connection.lines("SELECT value FROM outbox ORDER BY id") == ["a", "b"])
                try broker.start()
                _ = try #require(bus.awaitEndpoint())
                let consumer = try broker.consumer(of: Topics.runEvents)
                defer { consumer.close(deadlineMilliseconds: 2_000) }
                #expect(try consumer.read(2).map { $0.text } == ["a", "b"])
                #expect(try eventually { try isEmpty() })
            }
        }

        /// The broker forgot what it had taken, and what was on its way fails: all that was not reported comes again.
        @Test func aBrokerThatCameBackGetsWhatWasNotDelivered() throws {
            let broker = try TestBroker()
            try withPublisher(broker) { publisher, bus in
                let first = try #require(bus.awaitEndpoint())
                broker.stop()
                for row in try insert(["a", "b"]) { publisher.publish(row) }
                try age()
                try broker.start()
                #expect(eventually { bus.endpoint != first })
                let consumer = try broker.consumer(of: Topics.runEvents)
                defer { consumer.close(deadlineMilliseconds: 2_000) }
                #expect(Set(try consumer.read(2).map { $0.text }) == ["a", "b"])
                #expect(try eventually { try isEmpty() })
            }
        }

        /// The database goes away while deliveries are to be noted: they are noted later, or sent again; nothing stays.
        @Test func aDatabaseThatWasAwayIsAskedAgain() throws {
            let broker = try TestBroker()
            try withPublisher(broker) { publisher, bus in
                _ = try #require(bus.awaitEndpoint())
                let rows = try insert(["a"])
                try connection.script("ALTER TABLE outbox RENAME TO outbox_away")
                for row in rows { publisher.publish(row) }
                let consumer = try broker.consumer(of: Topics.runEvents)
                defer { consumer.close(deadlineMilliseconds: 2_000) }
                #expect(try consumer.read(1).map { $0.text } == ["a"])
                try connection.script(
                    """
                    ALTER TABLE outbox_away RENAME TO outbox;
                    UPDATE outbox SET created_at = now() - interval '1 hour'
                    """)
                #expect(try eventually { try isEmpty() })
            }
        }
    }
}
