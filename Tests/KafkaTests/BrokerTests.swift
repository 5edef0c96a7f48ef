// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Kafka

extension KafkaTests {
    @Suite(.serialized) struct Broker {
        @Test func topicsHaveTheirPartitions() throws {
            let fixture = try EmbeddedFixture([("a", 3), ("b", 8)])
            try KafkaAdmin.ensureTopics(
                [TopicSpecification(name: "a", partitions: 3), TopicSpecification(name: "b", partitions: 8)],
                configuration: fixture.configuration, endpoint: fixture.endpoint, timeoutMilliseconds: 10_000)
            let count = try KafkaAdmin.partitionCount(
                topic: "b", configuration: fixture.configuration, endpoint: fixture.endpoint,
                timeoutMilliseconds: 10_000)
            #expect(count == 8)
        }

        @Test func aTopicThatTheBrokerWasNotGivenIsAnError() throws {
            let fixture = try EmbeddedFixture()
            #expect {
                try KafkaAdmin.ensureTopics(
                    [TopicSpecification(name: "missing", partitions: 1)], configuration: fixture.configuration,
                    endpoint: fixture.endpoint, timeoutMilliseconds: 10_000)
            } throws: { error in
                (error as? KafkaError)?.isRetriable == false && "\(error)".contains("missing")
            }
            #expect {
                try KafkaAdmin.partitionCount(
                    topic: "missing", configuration: fixture.configuration, endpoint: fixture.endpoint,
                    timeoutMilliseconds: 10_000)
            } throws: { error in
                (error as? KafkaError)?.name == "UNKNOWN_TOPIC_OR_PART"
            }
        }

        @Test func badTopicsAreRefused() {
            #expect(throws: KafkaError.self) { try EmbeddedBroker(addressFile: "", logger: quiet) }
            #expect(throws: KafkaError.self) {
                try EmbeddedBroker(addressFile: "broker.json", topics: [("t", 0)], logger: quiet)
            }
        }

        @Test func anAddressFileThatCannotBeWrittenIsAnError() throws {
            let folder = try TemporaryFolder()
            let broker = try EmbeddedBroker(addressFile: folder.path + "/no/broker.json", logger: quiet)
            #expect(throws: KafkaError.self) { try broker.start() }
            #expect(broker.endpoint == nil)
        }

        @Test func aRestartIsANewEpoch() throws {
            let fixture = try EmbeddedFixture()
            let connection = KafkaConnection(fixture.configuration, logger: quiet)
            #expect(try connection.resolve(timeoutMilliseconds: 1000) == fixture.endpoint)
            #expect(connection.currentEndpoint() == fixture.endpoint)
            try fixture.broker.start()
            #expect(fixture.broker.endpoint == fixture.endpoint)

            fixture.broker.stop()
            #expect(connection.currentEndpoint() == nil)
            try fixture.broker.start()
            let next = try #require(connection.currentEndpoint())
            #expect(next == fixture.broker.endpoint)
            #expect(next.epoch != fixture.endpoint.epoch)

            let producer = try KafkaProducer(fixture.configuration, endpoint: next, logger: quiet)
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            #expect(try producer.sendAndWait(value: [1]) == nil)
        }

        @Test func aFileReplacedByAnotherBrokerIsSeenAndLeftAlone() throws {
            let fixture = try EmbeddedFixture()
            let connection = KafkaConnection(fixture.configuration, logger: quiet)
            #expect(connection.currentEndpoint() == fixture.endpoint)
            let path = try #require(fixture.configuration.addressFile)
            let other = AddressFile(brokers: "127.0.0.1:9", epoch: "other", pid: 1)
            try other.write(path)
            #expect(connection.currentEndpoint() == other.endpoint)
            fixture.broker.stop()
            #expect(connection.currentEndpoint() == other.endpoint)
            try Data("half a fi".utf8).write(to: URL(fileURLWithPath: path))
            #expect(connection.currentEndpoint() == nil)
        }

        @Test func withoutABrokerResolvingGivesUp() throws {
            let folder = try TemporaryFolder()
            let file = KafkaConnection(
                KafkaConfiguration(brokers: "file:\(folder.path)/broker.json", clientID: "test"), logger: quiet)
            #expect { try file.resolve(timeoutMilliseconds: 50) } throws: { ($0 as? KafkaError)?.isRetriable == true }
            let nobody = KafkaConnection(
                KafkaConfiguration(brokers: "127.0.0.1:1", clientID: "test"), logger: quiet)
            #expect { try nobody.resolve(timeoutMilliseconds: 50) } throws: { ($0 as? KafkaError)?.isRetriable == true }
            #expect(nobody.currentEndpoint() == nil)
        }
    }
}
