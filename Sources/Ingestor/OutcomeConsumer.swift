// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Kafka
import Observability
import RoleSupport
import Synchronization

/// Reads the one partition of `outcomes` that this instance's name hashes to, and wakes the clients that wait. Without a
/// group: nobody else needs what is sent to this instance, and what came before it was ready concerns nobody.
final class OutcomeConsumer: Sendable {
    private let bus: MessageBus
    private let instance: String
    private let pending: PendingCommands
    private let answers: Answers
    private let logger: Logger
    private let stop: StopSignal
    private let readyAt = Mutex<KafkaEndpoint?>(nil)

    init(
        bus: MessageBus, instance: String, pending: PendingCommands, answers: Answers, logger: Logger, stop: StopSignal
    ) {
        self.bus = bus
        self.instance = instance
        self.pending = pending
        self.answers = answers
        self.logger = logger
        self.stop = stop
    }

    /// Whether outcomes sent from now on will be heard, by way of the broker that is in use.
    var isReady: Bool {
        let endpoint = bus.endpoint
        return endpoint != nil && readyAt.withLock { $0 } == endpoint
    }

    /// Runs until the stop signal; call on a thread of its own.
    func run() {
        while let endpoint = bus.awaitEndpoint() {
            do {
                try consume(endpoint)
            } catch {
                logger.warning("the outcome consumer starts over", [.error: "\(error)"])
                stop.wait(milliseconds: 200)
            }
            readyAt.withLock { $0 = nil }
        }
    }

    private func consume(_ endpoint: KafkaEndpoint) throws {
        let count = try KafkaAdmin.partitionCount(
            topic: Topics.outcomes, configuration: bus.configuration, endpoint: endpoint, timeoutMilliseconds: 5_000)
        let partition = KafkaPartition(
            topic: Topics.outcomes, partition: KafkaAdmin.consistentPartition(key: instance, count: count))
        let consumer = try KafkaConsumer(bus.configuration, endpoint: endpoint, group: nil, logger: logger)
        defer { consumer.close(deadlineMilliseconds: 2_000) }
        // At the end as of now, not as of the first fetch: what is sent meanwhile must not be missed.
        let end = try consumer.watermarks(partition, timeoutMilliseconds: 5_000).high
        consumer.onOffsetOutOfRange = { _ in .end }
        consumer.assign([partition: .offset(end)])
        readyAt.withLock { $0 = endpoint }
        logger.info("listening for outcomes", [.partition: String(partition.partition), .epoch: endpoint.epoch])
        let name = Array(instance.utf8)
        while !stop.isRaised && bus.endpoint == endpoint {
            let messages = try consumer.poll(maximumMessages: 500, timeoutMilliseconds: 250)
            for message in messages where message.key == name { deliver(message) }
        }
    }

    private func deliver(_ message: KafkaMessage) {
        do {
            for outcome in try Outcome.decodedBatch(try JSONValue.parse(message.value ?? [])) {
                if let waiting = pending.remove(outcome.commandID) { answers.outcome(outcome, of: waiting) }
            }
        } catch {
            logger.error("an outcome cannot be read", [.error: "\(error)", .offset: String(message.offset)])
        }
    }
}
