// SPDX-License-Identifier: Apache-2.0
import Kafka
import RoleSupport
import Synchronization
import TestSupport
import Testing
import Threading

extension RoleSupportTests {
    @Suite(.serialized) struct MessageBusTests {
        /// Sends and waits for the report.
        private func send(_ text: String, by bus: MessageBus) throws -> KafkaError? {
            let reports = Mailbox<KafkaError?>()
            bus.send(topic: Topics.commands, key: "k", headers: [], value: Array(text.utf8)) { _ = reports.offer($0) }
            return try #require(reports.take(timeoutMilliseconds: 30_000).first)
        }

        private func withBus(_ broker: TestBroker, _ body: (MessageBus) throws -> Void) rethrows {
            let stop = StopSignal()
            let bus = broker.makeBus(stop: stop)
            defer {
                stop.raise()
                bus.shutdown(deadlineMilliseconds: 2_000)
            }
            try body(bus)
        }

        @Test func connectsOnceThereIsABroker() throws {
            let broker = try TestBroker(started: false)
            try withBus(broker) { bus in
                #expect(bus.endpoint == nil && bus.problem != nil)
                let refused = try send("early", by: bus)
                #expect(refused?.isRetriable == true, "without a broker nothing is kept")
                try broker.start()
                #expect(bus.awaitEndpoint() == broker.endpoint)
                #expect(eventually { bus.problem == nil })
                #expect(try send("later", by: bus) == nil)
                let consumer = try broker.consumer(of: Topics.commands)
                defer { consumer.close(deadlineMilliseconds: 2_000) }
                #expect(try consumer.read(1).map { $0.text } == ["later"])
            }
        }

        @Test func followsABrokerThatCameBackAsAnother() throws {
            let broker = try TestBroker()
            try withBus(broker) { bus in
                let first = try #require(bus.awaitEndpoint())
                #expect(try send("one", by: bus) == nil)
                broker.stop()
                #expect(eventually { bus.problem != nil }, "a broker that is gone is noticed")
                try broker.start()
                #expect(eventually { bus.endpoint == broker.endpoint })
                #expect(bus.endpoint?.epoch != first.epoch)
                #expect(eventually { bus.problem == nil })
                #expect(try send("two", by: bus) == nil)
                let consumer = try broker.consumer(of: Topics.commands)
                defer { consumer.close(deadlineMilliseconds: 2_000) }
                #expect(try consumer.read(1).map { $0.text } == ["two"])
            }
        }

        @Test func whatIsQueuedIsDeliveredAtTheEnd() throws {
            let broker = try TestBroker()
            let stop = StopSignal()
            let bus = broker.makeBus(stop: stop)
            _ = try #require(bus.awaitEndpoint())
            let failures = Mutex<[KafkaError]>([])
            for number in 0..<500 {
                bus.send(topic: Topics.commands, key: "k", headers: [], value: Array("\(number)".utf8)) { error in
                    if let error { failures.withLock { $0.append(error) } }
                }
            }
            stop.raise()
            bus.shutdown(deadlineMilliseconds: 20_000)
            #expect(failures.withLock { $0.isEmpty })
            let consumer = try broker.consumer(of: Topics.commands)
            defer { consumer.close(deadlineMilliseconds: 2_000) }
            #expect(try consumer.read(500).map { $0.text } == (0..<500).map { "\($0)" })
            #expect(try send("late", by: bus) != nil)
        }

        @Test func whoWaitsForABrokerStopsWaiting() throws {
            let broker = try TestBroker(started: false)
            let stop = StopSignal()
            let bus = broker.makeBus(stop: stop)
            let answer = Mailbox<KafkaEndpoint?>()
            let waiter = NamedThread("waiter") { _ = answer.offer(bus.awaitEndpoint()) }
            stop.raise()
            #expect(answer.take(timeoutMilliseconds: 30_000) == [nil])
            waiter.join()
            bus.shutdown(deadlineMilliseconds: 1_000)
        }
    }
}
