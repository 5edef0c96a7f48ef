// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Observability
import Threading

extension KafkaConsumer {
    /// How long a member that could not place its partitions stays out of the group, in milliseconds, so that others
    /// may take them and the group is not kept rebalancing.
    private static var pause: Int { 1000 }

    /// Joins the group for these topics (names without the prefix). Rebalances are eager: all partitions are revoked,
    /// then all assigned anew; messages collected by the poll in which that happens are dropped and read again.
    ///
    /// - Parameters:
    ///   - onAssign: the offsets to start at; a partition that is absent starts at its beginning. nil when the owner
    ///     cannot tell: nothing is assigned then, and the consumer leaves the group and joins again a second later.
    ///   - onRevoke: the partitions are about to be taken away; commits are still possible unless they are `lost` (others
    ///     may have them already).
    public func subscribe(
        _ topics: [String], onAssign: @escaping ([KafkaPartition]) -> [KafkaPartition: Int64]?,
        onRevoke: @escaping ([KafkaPartition], _ lost: Bool) -> Void
    ) {
        subscription = topics
        self.onAssign = onAssign
        self.onRevoke = onRevoke
        join()
    }

    private func join() {
        let code = PartitionList.with(
            subscription.map { (KafkaPartition(topic: $0, partition: -1), 0) }, prefix: prefix
        ) { list in
            rd_kafka_subscribe(handle.pointer, list)
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { pendingError = KafkaError(code) }
    }

    func leaveOrRejoin() {
        if mustLeave {
            mustLeave = false
            rd_kafka_unsubscribe(handle.pointer)
            rejoinAt = MonotonicClock.milliseconds + KafkaConsumer.pause
        }
        if let moment = rejoinAt, MonotonicClock.milliseconds >= moment {
            rejoinAt = nil
            join()
        }
    }

    /// The group gave us these partitions; called inside a poll.
    func assigned(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        let partitions = list.elements.map { element in
            KafkaPartition(
                topic: String(String(cString: element.topic).dropFirst(prefix.count)), partition: element.partition)
        }
        // While the consumer is on its way out it takes nothing.
        let starts = rejoinAt == nil && !mustLeave ? onAssign?(partitions) : nil
        guard let starts else {
            if rejoinAt == nil { mustLeave = true }
            // An empty list answers the group; NULL would make librdkafka join again at once.
            PartitionList.with([], prefix: prefix) { empty in
                _ = rd_kafka_assign(handle.pointer, empty)
            }
            return
        }
        assignment = partitions
        for (index, partition) in partitions.enumerated() {
            let start = starts[partition] ?? KafkaStart.beginning.rawOffset
            positions(named: partition.topic).set(partition.partition, start)
            list.elements[index].offset = start
        }
        mustReassign = false
        log(rd_kafka_assign(handle.pointer, list), "assign")
        logger.info("partitions assigned", [.count: String(partitions.count)])
    }

    /// The group takes everything away, or the rebalance failed; called inside a poll.
    func revoked() {
        let partitions = assignment
        let lost = rd_kafka_assignment_lost(handle.pointer) != 0
        // Uncommitted, so whoever gets the partitions next reads them again.
        collected.removeAll()
        mustReassign = false
        if !partitions.isEmpty {
            onRevoke?(partitions, lost)
            logger.info("partitions revoked", [.count: String(partitions.count), .reason: lost ? "lost" : "rebalance"])
        }
        assignment = []
        log(rd_kafka_assign(handle.pointer, nil), "unassign")
    }

    func log(_ code: rd_kafka_resp_err_t, _ operation: String) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        let error = KafkaError(code)
        handle.context.limiter.warn(
            operation, "kafka \(operation) failed", [.error: error.name, .reason: error.reason])
    }
}
