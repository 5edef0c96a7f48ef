// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Glibc
public import Kafka
public import RoleSupport
import Synchronization
import Threading

/// An embedded broker with Millrace's topics, which stops with its owner. Each start is another broker: what was sent to
/// the one before is forgotten.
public final class TestBroker: Sendable {
    private static let sequence = Atomic<Int>(0)

    public let topics = Topics.specifications(partitions: 1, replication: 1)
    public let configuration: KafkaConfiguration
    private let broker: EmbeddedBroker

    /// - Parameter started: else there is no broker yet.
    public init(started: Bool = true) throws {
        let number = Self.sequence.add(1, ordering: .relaxed).newValue
        let file = FileManager.default.temporaryDirectory.path + "/millrace-test-broker-\(getpid())-\(number).json"
        configuration = KafkaConfiguration(brokers: "file:\(file)", clientID: "test")
        broker = try EmbeddedBroker(
            addressFile: file, topics: topics.map { (name: "millrace." + $0.name, partitions: $0.partitions) },
            logger: testLogger)
        if started { try broker.start() }
    }

    deinit { broker.stop() }

    public func start() throws { try broker.start() }
    public func stop() { broker.stop() }

    /// Where it listens; nil unless it runs.
    public var endpoint: KafkaEndpoint? { broker.endpoint }

    /// A bus that has been started, and knows the topics that a test sends to.
    public func makeBus(stop: StopSignal) -> MessageBus {
        let bus = MessageBus(
            configuration: configuration, topics: topics, warmTopics: [Topics.commands, Topics.runEvents],
            logger: testLogger, stop: stop)
        bus.start()
        return bus
    }

    /// A consumer of whole topics, from their beginning.
    public func consumer(of names: String...) throws -> KafkaConsumer {
        guard let endpoint else {
            throw KafkaError(code: -1, name: "_STATE", reason: "no broker runs", isRetriable: false, isFatal: false)
        }
        let consumer = try KafkaConsumer(configuration, endpoint: endpoint, group: nil, logger: testLogger)
        consumer.assign(
            Dictionary(uniqueKeysWithValues: names.map { (KafkaPartition(topic: $0, partition: 0), .beginning) }))
        return consumer
    }
}

extension KafkaConsumer {
    /// What comes until so many messages are there, or half a minute is over.
    public func read(_ count: Int) throws -> [KafkaMessage] {
        var messages: [KafkaMessage] = []
        let end = MonotonicClock.milliseconds + 30_000
        while messages.count < count && MonotonicClock.milliseconds < end {
            messages += try poll(maximumMessages: 1_000, timeoutMilliseconds: 100)
        }
        return messages
    }
}

extension KafkaMessage {
    public var text: String { String(decoding: value ?? [], as: UTF8.self) }
}
