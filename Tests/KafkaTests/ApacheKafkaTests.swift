// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Threading

@testable import Kafka

extension KafkaTests {
    @Suite(
        .serialized,
        .enabled(if: ApacheBroker.home != nil, "set KAFKA_HOME to an unpacked Apache Kafka to run these"))
    struct ApacheKafka {
        private func ensure(
            _ specification: TopicSpecification, _ broker: ApacheBroker, _ endpoint: KafkaEndpoint
        ) throws {
            try KafkaAdmin.ensureTopics(
                [specification], configuration: broker.configuration, endpoint: endpoint, timeoutMilliseconds: 30_000)
        }

        @Test func topicsAreCreatedOnce() throws {
            let broker = try ApacheBroker()
            let endpoint = try broker.endpoint()
            #expect(endpoint.epoch == ApacheBroker.clusterID)
            #expect(!endpoint.embedded)
            let settings = ["retention.ms": "60000", "cleanup.policy": "delete", "max.message.bytes": "2097152"]
            for _ in 0..<2 {
                try ensure(TopicSpecification(name: "t", partitions: 5, settings: settings), broker, endpoint)
            }
            // An existing topic is left as it is.
            try ensure(TopicSpecification(name: "t", partitions: 9), broker, endpoint)
            let count = try KafkaAdmin.partitionCount(
                topic: "t", configuration: broker.configuration, endpoint: endpoint, timeoutMilliseconds: 10_000)
            #expect(count == 5)
            #expect {
                try ensure(TopicSpecification(name: "u", partitions: 1, replication: 3), broker, endpoint)
            } throws: { error in
                (error as? KafkaError)?.name == "INVALID_REPLICATION_FACTOR" && "\(error)".contains("p.u")
            }
            #expect {
                try ensure(TopicSpecification(name: "u", partitions: 1, settings: ["nonsense": "1"]), broker, endpoint)
            } throws: { error in
                (error as? KafkaError)?.isRetriable == false
            }

            // Security settings reach the client, which then finds no TLS here.
            var secure = broker.configuration
            secure.properties = ["security.protocol": "ssl"]
            let connection = KafkaConnection(secure, logger: quiet)
            #expect(throws: KafkaError.self) { try connection.resolve(timeoutMilliseconds: 500) }
        }

        @Test func aGroupSharesThePartitions() throws {
            let broker = try ApacheBroker()
            let endpoint = try broker.endpoint()
            try ensure(TopicSpecification(name: "t", partitions: 4), broker, endpoint)
            let producer = try KafkaProducer(broker.configuration, endpoint: endpoint, logger: quiet)
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            producer.warm(topics: ["t"], timeoutMilliseconds: 10_000)
            try producer.sendNumbered(0..<1000)

            let first = try KafkaConsumer(broker.configuration, endpoint: endpoint, group: "g", logger: quiet)
            defer { first.close(deadlineMilliseconds: 5000) }
            let second = try KafkaConsumer(broker.configuration, endpoint: endpoint, group: "g", logger: quiet)
            let firstLog = GroupLog()
            let secondLog = GroupLog()
            var next: [KafkaPartition: Int64] = [:]
            firstLog.subscribe(first) { _ in next }
            let messages = try first.read(1000)
            #expect(Set(messages.map(\.text)).count == 1000)
            for message in messages {
                let key = String(decoding: try #require(message.key), as: UTF8.self)
                #expect(message.partition == KafkaAdmin.consistentPartition(key: key, count: 4))
                next[KafkaPartition(topic: "t", partition: message.partition)] = message.offset + 1
            }
            first.commit(next)

            secondLog.subscribe(second) { _ in next }
            try first.poll {
                _ = try? second.poll(maximumMessages: 10, timeoutMilliseconds: 50)
                return firstLog.assigned.count == 2 && secondLog.assigned.count == 2
            }
            second.close(deadlineMilliseconds: 5000)
            try first.poll { firstLog.assigned.count == 4 }
            // Nothing was read twice or lost on the way.
            try producer.sendNumbered(1000..<1100)
            #expect(Set(try first.read(100).map(\.text)) == Set((1000..<1100).map { "\($0)" }))
        }

        @Test func killedAndStartedAgainItHasKeptEverything() throws {
            let broker = try ApacheBroker()
            let endpoint = try broker.endpoint()
            try ensure(TopicSpecification(name: "t", partitions: 1), broker, endpoint)
            let producer = try KafkaProducer(
                broker.configuration, endpoint: endpoint, logger: quiet, messageTimeoutMilliseconds: 60_000)
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let consumer = try KafkaConsumer(broker.configuration, endpoint: endpoint, group: nil, logger: quiet)
            defer { consumer.close(deadlineMilliseconds: 5000) }
            let partition = KafkaPartition(topic: "t", partition: 0)
            consumer.assign([partition: .beginning])
            try producer.sendNumbered(0..<100)
            #expect(try consumer.read(50).count >= 50)

            broker.kill()
            // Queued while nobody listens; the same clients go on when the broker is back.
            let reports = Mailbox<KafkaError?>()
            producer.send(topic: "t", key: "k", headers: [], value: Array("last".utf8)) { _ = reports.offer($0) }
            _ = try consumer.poll(maximumMessages: 1000, timeoutMilliseconds: 100)
            try broker.start()
            #expect(try broker.endpoint() == endpoint)
            let report = try #require(reports.take(timeoutMilliseconds: 60_000).first)
            #expect(report == nil)

            consumer.seek(partition, to: 0)
            let all = try consumer.read(101)
            #expect(all.map(\.text) == (0..<100).map { "\($0)" } + ["last"])
        }

        @Test func aBrokerThatHangsHoldsNobody() throws {
            let broker = try ApacheBroker()
            let endpoint = try broker.endpoint()
            try ensure(TopicSpecification(name: "t", partitions: 1), broker, endpoint)
            let producer = try KafkaProducer(
                broker.configuration, endpoint: endpoint, logger: quiet, messageTimeoutMilliseconds: 2000)
            let consumer = try KafkaConsumer(broker.configuration, endpoint: endpoint, group: "g", logger: quiet)
            let log = GroupLog()
            log.subscribe(consumer) { _ in [:] }
            #expect(try producer.sendAndWait(value: [1]) == nil)
            #expect(try consumer.read(1).count == 1)

            broker.signal(SIGSTOP)
            let error = try #require(try producer.sendAndWait(value: [2]))
            #expect(error.isRetriable)
            consumer.commit([KafkaPartition(topic: "t", partition: 0): 1])
            consumer.close(deadlineMilliseconds: 1000)
            producer.shutdown(deadlineMilliseconds: 1000)
            broker.signal(SIGCONT)
        }
    }
}
