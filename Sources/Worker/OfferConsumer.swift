// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Kafka
import Observability
import RoleSupport

/// Reads the offers of queued runs. It starts at the end of the topic: what was offered before is found by the poll.
struct OfferConsumer {
    let bus: MessageBus
    let claims: ClaimLoop
    let logger: Logger
    let stop: StopSignal

    /// Runs until the stop signal, on a thread of its own.
    func run() {
        while let endpoint = bus.awaitEndpoint() {
            do {
                try consume(endpoint)
            } catch {
                logger.warning("the offer consumer starts over", [.error: "\(error)"])
                stop.wait(milliseconds: 200)
            }
        }
    }

    private func consume(_ endpoint: KafkaEndpoint) throws {
        let consumer = try KafkaConsumer(bus.configuration, endpoint: endpoint, group: "worker", logger: logger)
        defer { consumer.close(deadlineMilliseconds: 2_000) }
        consumer.onOffsetOutOfRange = { _ in .end }
        consumer.subscribe(
            [Topics.runs],
            onAssign: { partitions in
                var starts: [KafkaPartition: Int64] = [:]
                for partition in partitions {
                    guard let marks = try? consumer.watermarks(partition, timeoutMilliseconds: 5_000) else {
                        return nil
                    }
                    starts[partition] = marks.high
                }
                return starts
            }, onRevoke: { _, _ in })
        while !stop.isRaised && bus.endpoint == endpoint {
            for message in try consumer.poll(maximumMessages: 1_000, timeoutMilliseconds: 250) {
                guard Envelope.kind(of: message) == .runOffer, let bytes = message.value,
                    let value = try? JSONValue.parse(bytes), let offer = try? RunOffer(decoding: value)
                else {
                    logger.warning("an offer cannot be read", [.offset: String(message.offset)])
                    continue
                }
                claims.offer(offer.runID)
            }
        }
    }
}
