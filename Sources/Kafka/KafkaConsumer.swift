// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Glibc
public import Observability
import Threading

/// Reads messages, as a member of a group or from partitions it was given. Not thread-safe: one thread creates nothing
/// but uses it; the callbacks run on that thread, inside `poll` and `close`, and must not call the consumer, except for
/// `commit`.
///
/// Offsets are never stored automatically: partitions are assigned at the offsets that the owner names.
public final class KafkaConsumer {
    let handle: ClientHandle
    let logger: Logger
    let prefix: String
    let group: String?

    // Of the subscription (KafkaConsumer+Rebalance.swift).
    var subscription: [String] = []
    var onAssign: (([KafkaPartition]) -> [KafkaPartition: Int64]?)?
    var onRevoke: (([KafkaPartition], _ lost: Bool) -> Void)?
    /// When to leave the group because the owner could not decide, and when to join it again.
    var mustLeave = false
    var rejoinAt: Int?

    // Of the assignment (KafkaConsumer+Offsets.swift).
    var assignment: [KafkaPartition] = []
    var topics: [TopicPositions] = []
    private var lastTopic: TopicPositions?
    var mustReassign = false

    /// What the current poll has collected; emptied when its partitions are taken away.
    var collected: [KafkaMessage] = []
    var pendingError: KafkaError?
    private var isClosed = false

    /// Asked inside `poll` when the offset to read next does not exist (any more, or yet): the answer is where to go on.
    /// Without it: at the beginning.
    public var onOffsetOutOfRange: ((KafkaPartition) -> KafkaStart)?

    /// - Parameter group: without the prefix; nil for a consumer that only reads what it is given by `assign`.
    /// - Throws: when a property is unknown or does not fit the others. A broker that is away is no error.
    public init(
        _ configuration: KafkaConfiguration, endpoint: KafkaEndpoint, group: String?, logger: Logger
    ) throws(KafkaError) {
        prefix = configuration.topicPrefix
        self.group = group
        self.logger = logger
        // librdkafka wants a group even of those who join none.
        handle = try ClientHandle(
            .consumer(group: prefix + (group ?? "reader")), configuration, endpoint, logger)
        rd_kafka_poll_set_consumer(handle.pointer)
        handle.context.consumer.consumer = self
    }

    deinit {
        // Not closed: the client ends in the background, without calling anybody.
        if !isClosed { end(deadlineMilliseconds: 0) }
    }

    /// Whether the client reported a fatal error: close it and make a new one.
    public var isFatal: Bool { handle.context.fatal.load(ordering: .sequentiallyConsistent) }

    /// Returns up to `maximumMessages` messages in the order of their partitions, waiting up to the time-out for the
    /// first and taking only what is already there after it. Also serves rebalances; call it at least every two minutes,
    /// or the group takes the partitions away.
    ///
    /// - Throws: only what needs a person (authorization, say) or a new client (`isFatal`). A broker that is away shows
    ///   as silence.
    public func poll(maximumMessages: Int, timeoutMilliseconds: Int) throws(KafkaError) -> [KafkaMessage] {
        if isClosed { throw KafkaError(RD_KAFKA_RESP_ERR__DESTROY, "the consumer is closed") }
        if let error = pendingError {
            pendingError = nil
            throw error
        }
        leaveOrRejoin()
        let start = MonotonicClock.milliseconds
        var wait = timeoutMilliseconds
        while collected.count < maximumMessages, pendingError == nil {
            guard let raw = rd_kafka_consumer_poll(handle.pointer, Int32(clamping: max(0, wait))) else { break }
            if raw.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                collected.append(convert(raw))
            } else {
                handleEvent(raw)
            }
            rd_kafka_message_destroy(raw)
            if !collected.isEmpty {
                wait = 0
            } else if wait > 0 {
                wait = max(0, timeoutMilliseconds - (MonotonicClock.milliseconds - start))
            }
        }
        if mustReassign { reassign() }
        let messages = collected
        collected = []
        if messages.isEmpty, let error = pendingError {
            pendingError = nil
            throw error
        }
        return messages
    }

    /// Revokes what is assigned, leaves the group and ends the client. Blocks no longer than the deadline, apart from
    /// `onRevoke`; calling it again does nothing.
    public func close(deadlineMilliseconds: Int) {
        guard !isClosed else { return }
        if group != nil, !assignment.isEmpty {
            onRevoke?(assignment, rd_kafka_assignment_lost(handle.pointer) != 0)
        }
        end(deadlineMilliseconds: max(1, deadlineMilliseconds))
    }

    private func end(deadlineMilliseconds: Int) {
        isClosed = true
        assignment = []
        onAssign = nil
        onRevoke = nil
        onOffsetOutOfRange = nil
        handle.context.consumer.consumer = nil
        handle.destroy(deadlineMilliseconds: deadlineMilliseconds) { client in
            // Sends what was committed and leaves the group.
            rd_kafka_consumer_close(client)
        }
    }

    /// The entry of the message's topic.
    func positions(_ topic: OpaquePointer) -> TopicPositions {
        let name: UnsafePointer<CChar>! = rd_kafka_topic_name(topic)
        if let last = lastTopic, last.matches(name) { return last }
        let entry = topics.first { $0.matches(name) } ?? addTopic(wholeName: String(cString: name))
        lastTopic = entry
        return entry
    }

    /// The entry of a topic, made if there is none.
    func positions(named name: String) -> TopicPositions {
        topics.first { $0.name == name } ?? addTopic(wholeName: prefix + name)
    }

    private func addTopic(wholeName: String) -> TopicPositions {
        let entry = TopicPositions(name: String(wholeName.dropFirst(prefix.count)), wholeName: wholeName)
        topics.append(entry)
        return entry
    }

    private func convert(_ raw: UnsafeMutablePointer<rd_kafka_message_t>) -> KafkaMessage {
        let topic = positions(raw.pointee.rkt)
        topic.set(raw.pointee.partition, raw.pointee.offset + 1)
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        return KafkaMessage(
            topic: topic.name, partition: raw.pointee.partition, offset: raw.pointee.offset,
            key: raw.pointee.key.map { Array(UnsafeRawBufferPointer(start: $0, count: raw.pointee.key_len)) },
            value: raw.pointee.payload.map { Array(UnsafeRawBufferPointer(start: $0, count: raw.pointee.len)) },
            headers: headers(raw), timestampMilliseconds: rd_kafka_message_timestamp(raw, &kind))
    }

    private func headers(_ raw: UnsafeMutablePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return [] }
        let count = rd_kafka_header_cnt(list)
        var headers: [KafkaHeader] = []
        headers.reserveCapacity(count)
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        for index in 0..<count
        where rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            guard let name else { continue }
            let bytes = UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size)
            headers.append(KafkaHeader(name: String(cString: name), value: String(decoding: bytes, as: UTF8.self)))
        }
        return headers
    }
}
