// SPDX-License-Identifier: Apache-2.0
import FlowStore
import Kafka

/// Where the assigned partitions stand: the next offset that is not applied. Used by the consuming thread alone.
final class PartitionCursors {
    private var next: [KafkaPartition: Int64] = [:]

    var all: [KafkaPartition: Int64] { next }

    func contains(_ partition: KafkaPartition) -> Bool { next[partition] != nil }

    func set(_ partition: KafkaPartition, _ offset: Int64) { next[partition] = offset }

    func forget(_ partitions: [KafkaPartition]) {
        for partition in partitions { next[partition] = nil }
    }

    /// Whether a message is still to be applied, by this consumer.
    func isDue(_ item: Inbound) -> Bool {
        guard let offset = next[item.partition] else { return false }
        return item.message.offset >= offset
    }

    /// From where to where a batch takes each of its partitions.
    func moves(for batch: [Inbound]) -> [OffsetStore.Move] {
        var last: [KafkaPartition: Int64] = [:]
        for item in batch { last[item.partition] = max(last[item.partition] ?? -1, item.message.offset) }
        return last.sorted { ($0.key.topic, $0.key.partition) < ($1.key.topic, $1.key.partition) }.map {
            OffsetStore.Move(
                topic: $0.key.topic, partition: $0.key.partition, from: next[$0.key] ?? 0, to: $0.value + 1)
        }
    }

    func advance(_ moves: [OffsetStore.Move]) {
        for move in moves {
            let partition = KafkaPartition(topic: move.topic, partition: move.partition)
            if next[partition] != nil { next[partition] = move.to }
        }
    }
}
