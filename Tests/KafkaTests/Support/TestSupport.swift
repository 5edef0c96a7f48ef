// SPDX-License-Identifier: Apache-2.0
import Foundation
import Observability
import Synchronization
import Testing
import Threading

@testable import Kafka

/// All suites of this module, one test at a time: they share the machine's ports and librdkafka's threads.
@Suite(.serialized) enum KafkaTests {}

let quiet = Logger(role: "test", level: .error)

/// A folder that is removed with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/millrace-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// An embedded broker and what is needed to talk to it.
final class EmbeddedFixture {
    let folder: TemporaryFolder
    let broker: EmbeddedBroker
    let configuration: KafkaConfiguration
    let endpoint: KafkaEndpoint

    init(_ topics: [(name: String, partitions: Int)] = [("t", 1)]) throws {
        folder = try TemporaryFolder()
        let file = folder.path + "/broker.json"
        broker = try EmbeddedBroker(
            addressFile: file, topics: topics.map { ("p." + $0.name, $0.partitions) }, logger: quiet)
        try broker.start()
        configuration = KafkaConfiguration(brokers: "file:" + file, clientID: "test", topicPrefix: "p.")
        endpoint = try #require(broker.endpoint)
    }

    deinit { broker.stop() }

    func producer(timeout: Int = 5000) throws -> KafkaProducer {
        try KafkaProducer(configuration, endpoint: endpoint, logger: quiet, messageTimeoutMilliseconds: timeout)
    }

    func consumer(group: String? = nil) throws -> KafkaConsumer {
        try KafkaConsumer(configuration, endpoint: endpoint, group: group, logger: quiet)
    }
}

extension KafkaProducer {
    /// Sends and waits for the report.
    func sendAndWait(
        topic: String = "t", key: String = "k", headers: [KafkaHeader] = [], value: [UInt8]?
    ) throws -> KafkaError? {
        let reports = Mailbox<KafkaError?>()
        send(topic: topic, key: key, headers: headers, value: value) { error in _ = reports.offer(error) }
        return try #require(reports.take(timeoutMilliseconds: 30_000).first)
    }

    /// Sends values that are their own index, and waits for all reports.
    func sendNumbered(_ range: Range<Int>, topic: String = "t", key: (Int) -> String = { "\($0)" }) throws {
        let reports = Mailbox<KafkaError?>()
        for index in range {
            send(topic: topic, key: key(index), headers: [], value: Array("\(index)".utf8)) { error in
                _ = reports.offer(error)
            }
        }
        var received: [KafkaError?] = []
        while received.count < range.count {
            let more = reports.take(timeoutMilliseconds: 30_000)
            try #require(!more.isEmpty)
            received += more
        }
        #expect(received.allSatisfy { $0 == nil })
    }
}

extension KafkaConsumer {
    /// Polls until `count` messages came; fails the test after half a minute.
    func read(_ count: Int) throws -> [KafkaMessage] {
        var messages: [KafkaMessage] = []
        let deadline = MonotonicClock.milliseconds + 30_000
        while messages.count < count {
            try #require(MonotonicClock.milliseconds < deadline, "only \(messages.count) of \(count) messages came")
            messages += try poll(maximumMessages: 1000, timeoutMilliseconds: 100)
        }
        return messages
    }

    /// Polls until the condition holds; fails the test after half a minute.
    func poll(until condition: () -> Bool) throws {
        let deadline = MonotonicClock.milliseconds + 30_000
        while !condition() {
            try #require(MonotonicClock.milliseconds < deadline, "the condition never held")
            _ = try poll(maximumMessages: 1000, timeoutMilliseconds: 50)
        }
    }
}

extension KafkaMessage {
    var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
}
