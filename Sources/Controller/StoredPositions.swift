// SPDX-License-Identifier: Apache-2.0
import FlowStore
import Kafka
import Observability
import PostgreSQL

/// Assigns partitions at the offsets that the store holds. Used by the consuming thread alone, inside `poll`.
final class StoredPositions {
    /// A partition's position cannot be known now: the consumer is to be made anew.
    private(set) var mustStartOver = false

    private let epoch: String
    private let database: PostgresConfiguration
    private let cursors: PartitionCursors
    private let status: ControllerStatus
    private let logger: Logger

    init(
        epoch: String, database: PostgresConfiguration, cursors: PartitionCursors, status: ControllerStatus,
        logger: Logger
    ) {
        self.epoch = epoch
        self.database = database
        self.cursors = cursors
        self.status = status
        self.logger = logger
    }

    /// - Returns: the start of each partition; nil when it cannot be known, and the group is to be joined again.
    func assign(_ partitions: [KafkaPartition], _ consumer: KafkaConsumer) -> [KafkaPartition: Int64]? {
        do {
            var wanted: [(topic: String, partition: Int32, low: Int64)] = []
            var highs: [Int64] = []
            for partition in partitions {
                let marks = try consumer.watermarks(partition, timeoutMilliseconds: 5_000)
                wanted.append((partition.topic, partition.partition, marks.low))
                highs.append(marks.high)
            }
            let connection = try PostgresConnection.connect(database, logger: logger)
            defer { connection.close() }
            let stored = try OffsetStore.load(connection, epoch: epoch, partitions: wanted)
            var starts: [KafkaPartition: Int64] = [:]
            for (index, partition) in partitions.enumerated() {
                let start = try adjust(
                    stored[index], low: wanted[index].low, high: highs[index], partition, connection)
                starts[partition] = start
                cursors.set(partition, start)
            }
            status.hasJoined = true
            logger.info("partitions assigned", [.count: String(partitions.count), .epoch: epoch])
            return starts
        } catch {
            logger.warning("partitions cannot be assigned yet", [.error: "\(error)"])
            cursors.forget(partitions)
            return nil
        }
    }

    /// The log was cut or made anew under a running consumer.
    func recover(_ partition: KafkaPartition, _ consumer: KafkaConsumer) -> KafkaStart {
        guard let start = assign([partition], consumer)?[partition] else {
            mustStartOver = true
            return .beginning
        }
        return .offset(start)
    }

    /// Beyond the log's end: the log was made anew, start over. Before its beginning: messages were lost to retention
    /// before they were applied; tell, and go on from there.
    private func adjust(
        _ stored: Int64, low: Int64, high: Int64, _ partition: KafkaPartition, _ connection: PostgresConnection
    ) throws -> Int64 {
        if stored >= low && stored <= high { return stored }
        logger.error(
            stored > high
                ? "the stored offset lies beyond the log's end: starting over"
                : "the stored offset lies before the log's beginning: messages were lost before they were applied",
            [
                .topic: partition.topic, .partition: String(partition.partition), .offset: String(stored),
                .reason: "the log holds \(low) to \(high)",
            ])
        let move = OffsetStore.Move(topic: partition.topic, partition: partition.partition, from: stored, to: low)
        _ = try connection.pipeline([OffsetStore.moveStep(epoch: epoch, moves: [move])], transaction: true)
        return low
    }
}
