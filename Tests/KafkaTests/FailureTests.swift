// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing
import Threading

@testable import Kafka

extension KafkaTests {
    @Suite(.serialized) struct Failures {
        @Test func withoutABrokerAMessageFailsWithARetriableError() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer(timeout: 1000)
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            #expect(try producer.sendAndWait(value: [1]) == nil)
            fixture.broker.stop()
            let error = try #require(try producer.sendAndWait(value: [2]))
            #expect(error.isRetriable)
            #expect(!producer.isFatal)
            #expect(producer.pending == 0)
        }

        @Test func aMessageThatIsTooLargeFailsAtOnceAndForGood() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let headers = [KafkaHeader(name: "a", value: "b")]
            let error = try #require(
                try producer.sendAndWait(headers: headers, value: [UInt8](repeating: 0, count: 3 << 20)))
            #expect(error.name == "MSG_SIZE_TOO_LARGE")
            #expect(!error.isRetriable)
            #expect(try producer.sendAndWait(headers: headers, value: [UInt8](repeating: 0, count: 2_000_000)) == nil)
        }

        @Test func aFullQueueIsARetriableError() throws {
            var configuration = KafkaConfiguration(brokers: "127.0.0.1:1", clientID: "test")
            configuration.properties = ["queue.buffering.max.messages": "10"]
            let endpoint = KafkaEndpoint(brokers: configuration.brokers, epoch: "", embedded: false)
            let producer = try KafkaProducer(configuration, endpoint: endpoint, logger: quiet)
            let errors = Mailbox<KafkaError?>()
            for _ in 0..<11 {
                producer.send(topic: "t", key: "k", headers: [], value: [1]) { error in _ = errors.offer(error) }
            }
            let full = try #require(errors.take(timeoutMilliseconds: 5000).first)
            #expect(full?.name == "_QUEUE_FULL")
            #expect(full?.isRetriable == true)
            #expect(producer.pending == 10)
            #expect(producer.flush(timeoutMilliseconds: 10) == 10)
            producer.shutdown(deadlineMilliseconds: 200)
            var rest: [KafkaError?] = []
            while rest.count < 10 {
                let more = errors.take(timeoutMilliseconds: 5000)
                try #require(!more.isEmpty)
                rest += more
            }
            #expect(rest.allSatisfy { $0?.isRetriable == true })
        }

        @Test func afterShutdownSendingFailsInline() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            producer.shutdown(deadlineMilliseconds: 5000)
            producer.shutdown(deadlineMilliseconds: 5000)
            let error = try #require(try producer.sendAndWait(value: [1]))
            #expect(error.isRetriable)
            producer.warm(topics: ["t"], timeoutMilliseconds: 100)
        }

        @Test func aFatalErrorAsksForANewProducer() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            #expect(try producer.sendAndWait(value: [1]) == nil)
            #expect(!producer.isFatal)
            producer.raiseFatalError()
            let error = try #require(try producer.sendAndWait(value: [2]))
            #expect(error.isFatal && error.isRetriable)
            #expect(producer.isFatal)
            let next = try fixture.producer()
            defer { next.shutdown(deadlineMilliseconds: 5000) }
            #expect(try next.sendAndWait(value: [2]) == nil)
        }

        @Test func shutdownDeliversWhatIsQueued() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            producer.warm(topics: ["t"], timeoutMilliseconds: 5000)
            let delivered = Mailbox<KafkaError?>()
            for _ in 0..<500 {
                producer.send(topic: "t", key: "k", headers: [], value: [1]) { error in _ = delivered.offer(error) }
            }
            producer.shutdown(deadlineMilliseconds: 10_000)
            let reports = delivered.take(timeoutMilliseconds: 0)
            #expect(reports.count == 500)
            #expect(reports.allSatisfy { $0 == nil })
        }

        @Test func aProducerThatIsDroppedGivesUpItsMessages() throws {
            let reports = Mailbox<KafkaError?>()
            do {
                let configuration = KafkaConfiguration(brokers: "127.0.0.1:1", clientID: "test")
                let endpoint = KafkaEndpoint(brokers: configuration.brokers, epoch: "", embedded: false)
                let producer = try KafkaProducer(configuration, endpoint: endpoint, logger: quiet)
                producer.send(topic: "t", key: "k", headers: [], value: [1]) { error in _ = reports.offer(error) }
            }
            let error = try #require(reports.take(timeoutMilliseconds: 10_000).first)
            #expect(error?.isRetriable == true)
        }

        @Test func clientsCloseWithoutABroker() throws {
            let fixture = try EmbeddedFixture()
            let consumer = try fixture.consumer(group: "g")
            let log = GroupLog()
            log.subscribe(consumer) { _ in [:] }
            try consumer.poll { log.assigned.count == 1 }
            let producer = try fixture.producer()
            #expect(try producer.sendAndWait(value: [1]) == nil)
            fixture.broker.stop()
            consumer.commit([KafkaPartition(topic: "t", partition: 0): 1])
            // Silence, not an error.
            _ = try consumer.poll(maximumMessages: 10, timeoutMilliseconds: 200)
            #expect(throws: KafkaError.self) {
                try consumer.watermarks(KafkaPartition(topic: "t", partition: 0), timeoutMilliseconds: 300)
            }
            // Returning at all is the point: 2.0.2 may block here for ever.
            consumer.close(deadlineMilliseconds: 1000)
            consumer.close(deadlineMilliseconds: 1000)
            producer.shutdown(deadlineMilliseconds: 1000)
            #expect(log.revocations == 1)
        }
    }
}
