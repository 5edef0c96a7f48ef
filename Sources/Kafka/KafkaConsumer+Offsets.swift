// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Glibc
import Observability

extension KafkaConsumer {
    /// Reads these partitions from now on, and no others; without a group.
    ///
    /// `.end` is looked up before this returns, so that every message sent afterwards is seen; that may take up to ten
    /// seconds. If the broker cannot be asked, the end is where it is once it can.
    public func assign(_ offsets: [KafkaPartition: KafkaStart]) {
        assignment = Array(offsets.keys)
        for (partition, start) in offsets {
            positions(named: partition.topic).set(partition.partition, start.rawOffset)
        }
        let ends = offsets.filter { $0.value == .end }.keys
        do throws(KafkaError) {
            learn(topics: Set(ends.map(\.topic)), timeoutMilliseconds: 5000)
            for (partition, offset) in try lookUp(Array(ends), KafkaStart.end.rawOffset, timeoutMilliseconds: 5000) {
                positions(named: partition.topic).set(partition.partition, offset)
            }
        } catch {
            logger.warning("the end of the log could not be looked up", [.error: error.name, .reason: error.reason])
        }
        reassign()
    }

    /// Goes on reading an assigned partition at another offset; what was fetched ahead of it is dropped. Ignored when the
    /// partition is not assigned.
    public func seek(_ partition: KafkaPartition, to offset: Int64) {
        guard assignment.contains(partition) else { return }
        positions(named: partition.topic).set(partition.partition, offset)
        guard let topic = rd_kafka_topic_new(handle.pointer, prefix + partition.topic, nil) else { return }
        defer { rd_kafka_topic_destroy(topic) }
        // Waits for librdkafka's own thread, not for the broker. It refuses partitions that are only being started.
        if rd_kafka_seek(topic, partition.partition, offset, 5000) != RD_KAFKA_RESP_ERR_NO_ERROR { reassign() }
    }

    /// Commits next offsets to the group, asynchronously; failures are logged. Does nothing without a group or when the
    /// assignment was lost.
    public func commit(_ next: [KafkaPartition: Int64]) {
        guard group != nil, !next.isEmpty, rd_kafka_assignment_lost(handle.pointer) == 0 else { return }
        let code = PartitionList.with(next.map { ($0.key, $0.value) }, prefix: prefix) { list in
            rd_kafka_commit(handle.pointer, list, 1)
        }
        log(code, "commit")
    }

    /// The oldest offset that is kept and the one that the next message will get.
    public func watermarks(
        _ partition: KafkaPartition, timeoutMilliseconds: Int
    ) throws(KafkaError) -> (low: Int64, high: Int64) {
        // rd_kafka_query_watermark_offsets of 2.0 ignores its time-out.
        let low = try lookUp([partition], KafkaStart.beginning.rawOffset, timeoutMilliseconds: timeoutMilliseconds)
        let high = try lookUp([partition], KafkaStart.end.rawOffset, timeoutMilliseconds: timeoutMilliseconds)
        guard let low = low.first, let high = high.first else { throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        return (low.1, high.1)
    }

    /// Waits for the topics' leaders: a young client that is asked for offsets before it knows them tries again only a
    /// second later.
    private func learn(topics: Set<String>, timeoutMilliseconds: Int) {
        for name in topics {
            guard let topic = rd_kafka_topic_new(handle.pointer, prefix + name, nil) else { continue }
            defer { rd_kafka_topic_destroy(topic) }
            var metadata: UnsafePointer<rd_kafka_metadata>?
            if rd_kafka_metadata(handle.pointer, 0, topic, &metadata, Int32(clamping: timeoutMilliseconds))
                == RD_KAFKA_RESP_ERR_NO_ERROR
            {
                rd_kafka_metadata_destroy(metadata)
            }
        }
    }

    private func lookUp(
        _ partitions: [KafkaPartition], _ logical: Int64, timeoutMilliseconds: Int
    ) throws(KafkaError) -> [(KafkaPartition, Int64)] {
        guard !partitions.isEmpty else { return [] }
        return try PartitionList.with(partitions.map { ($0, logical) }, prefix: prefix) { list throws(KafkaError) in
            let code = rd_kafka_offsets_for_times(handle.pointer, list, Int32(clamping: timeoutMilliseconds))
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code) }
            var found: [(KafkaPartition, Int64)] = []
            // The order is that of the request.
            for (partition, element) in zip(partitions, list.elements) {
                guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(element.err) }
                found.append((partition, element.offset))
            }
            return found
        }
    }

    /// Starts all assigned partitions at their positions.
    func reassign() {
        mustReassign = false
        let starts = assignment.map { partition in
            let position = positions(named: partition.topic).position(partition.partition)
            return (partition, position ?? KafkaStart.beginning.rawOffset)
        }
        let code = PartitionList.with(starts, prefix: prefix) { list in rd_kafka_assign(handle.pointer, list) }
        log(code, "assign")
    }

    /// An event that librdkafka delivers in the guise of a message.
    func handleEvent(_ raw: UnsafeMutablePointer<rd_kafka_message_t>) {
        let code = raw.pointee.err
        let text = rd_kafka_message_errstr(raw).map { String(cString: $0) }
        if code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET {
            handleOffsetReset(raw, text ?? "")
            return
        }
        let error = KafkaError(code, text)
        if error.isFatal || !error.isRetriable { pendingError = error }
        handle.context.report(error)
    }

    /// librdkafka lost the position of a partition and stopped reading it.
    private func handleOffsetReset(_ raw: UnsafeMutablePointer<rd_kafka_message_t>, _ text: String) {
        guard let topic = raw.pointee.rkt else { return }
        let entry = positions(topic)
        let partition = KafkaPartition(topic: entry.name, partition: raw.pointee.partition)
        guard assignment.contains(partition) else { return }
        let position = entry.position(partition.partition) ?? KafkaStart.beginning.rawOffset
        // Left over from before a seek or an assignment.
        if raw.pointee.offset >= 0, position >= 0, raw.pointee.offset < position { return }
        mustReassign = true
        // Other causes (a name that did not resolve, say) say nothing about the log: go on where we were.
        guard text.contains(String(cString: rd_kafka_err2str(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE))) else {
            handle.context.limiter.warn("offset", "kafka position lost", [.topic: entry.name, .reason: text])
            return
        }
        let start = onOffsetOutOfRange?(partition) ?? .beginning
        logger.warning(
            "offset out of range",
            [
                .topic: entry.name, .partition: String(partition.partition), .offset: String(raw.pointee.offset),
                .reason: "going on at \(start)",
            ])
        entry.set(partition.partition, start.rawOffset)
    }
}
