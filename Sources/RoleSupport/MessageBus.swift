// SPDX-License-Identifier: Apache-2.0
public import Kafka
public import Observability
import Synchronization
import Threading

/// A role's way to Kafka: one producer, made anew when the broker becomes another one (the embedded broker restarts at
/// another address and with nothing in it) or the producer fails for good. Thread-safe.
public final class MessageBus: Sendable {
    private struct State {
        var endpoint: KafkaEndpoint?
        var producer: KafkaProducer?
        var problem = "not connected yet"
        var answers = false
    }

    private static let probeEveryMilliseconds = 2_000

    public let configuration: KafkaConfiguration
    private let topics: [TopicSpecification]
    private let warmTopics: [String]
    private let lingerMilliseconds: Int
    private let logger: Logger
    private let stop: StopSignal
    private let connection: KafkaConnection
    private let state = Mutex(State())
    private let supervisor = Mutex<NamedThread?>(nil)

    /// - Parameters:
    ///   - topics: created at start-up where they do not exist.
    ///   - warmTopics: what this role produces to: known to the producer before it is ready.
    ///   - lingerMilliseconds: how long a message may wait for others: 0 where somebody waits for it.
    public init(
        configuration: KafkaConfiguration, topics: [TopicSpecification], warmTopics: [String],
        lingerMilliseconds: Int = 0, logger: Logger, stop: StopSignal
    ) {
        self.configuration = configuration
        self.topics = topics
        self.warmTopics = warmTopics
        self.lingerMilliseconds = lingerMilliseconds
        self.logger = logger
        self.stop = stop
        connection = KafkaConnection(configuration, logger: logger)
    }

    public func start() {
        supervisor.withLock { $0 = NamedThread("kafka-bus") { [self] in supervise() } }
    }

    /// The broker that is in use; nil until there is one. Consumers are made anew when it changes.
    public var endpoint: KafkaEndpoint? { state.withLock { $0.endpoint } }

    /// Why there is no broker; nil when one answered within the last seconds.
    public var problem: String? {
        state.withLock { state in
            if state.endpoint == nil { return state.problem }
            return state.answers ? nil : "the broker does not answer"
        }
    }

    /// Sends a message; never blocks. The completion may run on another thread, or at once when nothing can be sent.
    public func send(
        topic: String, key: String, headers: [KafkaHeader], value: [UInt8],
        completion: @escaping @Sendable (KafkaError?) -> Void
    ) {
        guard let producer = state.withLock({ $0.producer }) else {
            completion(
                KafkaError(
                    code: -195, name: "_TRANSPORT", reason: "not connected to a broker", isRetriable: true,
                    isFatal: false))
            return
        }
        producer.send(topic: topic, key: key, headers: headers, value: value, completion: completion)
    }

    /// Waits until there is a broker or the role is to stop.
    public func awaitEndpoint() -> KafkaEndpoint? {
        while !stop.isRaised {
            if let endpoint { return endpoint }
            stop.wait(milliseconds: 20)
        }
        return nil
    }

    /// Delivers what is queued and closes; called after `StopSignal` was raised.
    public func shutdown(deadlineMilliseconds: Int) {
        supervisor.withLock { $0 }?.join()
        let producer = state.withLock { state -> KafkaProducer? in
            defer { state.producer = nil }
            return state.producer
        }
        producer?.shutdown(deadlineMilliseconds: deadlineMilliseconds)
    }

    private func supervise() {
        var delay = 50
        var nextProbe = 0
        while !stop.isRaised {
            let (endpoint, producer) = state.withLock { ($0.endpoint, $0.producer) }
            let current = connection.currentEndpoint()
            let isStale = endpoint != nil && current != nil && current != endpoint
            if producer == nil || isStale || producer?.isFatal == true {
                if connect(replacing: producer) {
                    delay = 50
                } else {
                    delay = min(delay * 2, 2_000)
                }
                stop.wait(milliseconds: delay)
            } else {
                let now = MonotonicClock.milliseconds
                if now >= nextProbe, let producer {
                    let answers = producer.isConnected(timeoutMilliseconds: 1_000)
                    state.withLock { $0.answers = answers }
                    nextProbe = now + Self.probeEveryMilliseconds
                }
                stop.wait(milliseconds: 100)
            }
        }
    }

    private func connect(replacing old: KafkaProducer?) -> Bool {
        do {
            let endpoint = try connection.resolve(timeoutMilliseconds: 5_000)
            try KafkaAdmin.ensureTopics(
                topics, configuration: configuration, endpoint: endpoint, timeoutMilliseconds: 20_000)
            let producer = try KafkaProducer(
                configuration, endpoint: endpoint, logger: logger, lingerMilliseconds: lingerMilliseconds)
            producer.warm(topics: warmTopics, timeoutMilliseconds: 5_000)
            state.withLock {
                $0.endpoint = endpoint
                $0.producer = producer
                $0.answers = true
            }
            logger.info("connected to the broker", [.address: endpoint.brokers, .epoch: endpoint.epoch])
            // What the old one still holds fails: its senders hear of it and send again where they must.
            old?.shutdown(deadlineMilliseconds: 500)
            return true
        } catch {
            let text = "\(error)"
            let isNew = state.withLock { state -> Bool in
                defer { state.problem = text }
                return state.problem != text
            }
            if isNew { logger.warning("no broker", [.error: text]) }
            return false
        }
    }
}
