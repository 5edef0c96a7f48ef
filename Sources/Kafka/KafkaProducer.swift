// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Glibc
public import Observability
import Synchronization
import Threading

/// Sends messages: idempotent, acknowledged by all replicas, by default without lingering. Any thread may send; reports arrive on
/// one delivery thread. A process shares one producer.
public final class KafkaProducer: Sendable {
    private struct State: @unchecked Sendable {
        // @unchecked: holds topic handles, which librdkafka documents as thread-safe; guarded by `state` besides.
        var topics: [String: OpaquePointer] = [:]
        var accepting = true
        /// Calls that use the client outside the lock.
        var users = 0
    }

    let handle: ClientHandle
    private let prefix: String
    // Held while a message is queued, so that `shutdown` cannot take the client away under a sender.
    private let state = Mutex(State())
    private let delivery: DeliveryThread

    /// - Parameter messageTimeoutMilliseconds: how long a message may stay unacknowledged. librdkafka looks once a second,
    ///   so the report may come that much later.
    /// - Parameter lingerMilliseconds: how long a message may wait for others to be sent with.
    /// - Throws: when a property is unknown or does not fit the others. A broker that is away is no error.
    public init(
        _ configuration: KafkaConfiguration, endpoint: KafkaEndpoint, logger: Logger,
        messageTimeoutMilliseconds: Int = 5000, lingerMilliseconds: Int = 0
    ) throws(KafkaError) {
        handle = try ClientHandle(
            .producer(
                messageTimeoutMilliseconds: messageTimeoutMilliseconds, lingerMilliseconds: lingerMilliseconds),
            configuration, endpoint, logger)
        prefix = configuration.topicPrefix
        delivery = DeliveryThread(handle)
    }

    deinit {
        // Not shut down: the reports that are missing are given up, the client ends in the background.
        finish(deadlineMilliseconds: 0)
    }

    /// Whether the client reported a fatal error: shut it down and make a new one.
    public var isFatal: Bool { handle.context.fatal.load(ordering: .sequentiallyConsistent) }

    /// Number of messages whose report is missing.
    public var pending: Int { handle.context.completions.count }

    /// Queues a message and returns at once.
    ///
    /// - Parameters:
    ///   - topic: without the prefix.
    ///   - key: decides the partition (`KafkaAdmin.consistentPartition`); an empty one lets chance decide.
    ///   - value: nil is a tombstone.
    ///   - completion: called exactly once: on the delivery thread, or inline when the message cannot be queued. A full
    ///     queue is a retriable error. After a time-out the message may have been stored all the same.
    public func send(
        topic: String, key: String, headers: [KafkaHeader], value: [UInt8]?,
        completion: @escaping @Sendable (KafkaError?) -> Void
    ) {
        let list = makeHeaders(headers)
        let completions = handle.context.completions
        let id = completions.insert(completion)
        let code = state.withLock { state -> rd_kafka_resp_err_t in
            guard state.accepting else { return RD_KAFKA_RESP_ERR__DESTROY }
            guard let topic = topicHandle(topic, &state) else { return rd_kafka_last_error() }
            return produce(topic, key: key, value: value, list, id)
        }
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        // Not queued, so there will be no report, and the headers are still ours.
        rd_kafka_headers_destroy(list)
        if code == RD_KAFKA_RESP_ERR__FATAL { handle.context.fatal.store(true, ordering: .sequentiallyConsistent) }
        completions.take(id)?(KafkaError(code))
    }

    /// Asks for the topics' metadata, so that the first message to each does not wait a second for it.
    public func warm(topics: [String], timeoutMilliseconds: Int) {
        let deadline = MonotonicClock.milliseconds + timeoutMilliseconds
        for topic in topics {
            let left = deadline - MonotonicClock.milliseconds
            guard left > 0 else { return }
            let topicPointer = state.withLock { state -> OpaquePointer? in
                guard state.accepting, let handle = topicHandle(topic, &state) else { return nil }
                state.users += 1
                return handle
            }
            guard let topicPointer else { return }
            var metadata: UnsafePointer<rd_kafka_metadata>?
            if rd_kafka_metadata(handle.pointer, 0, topicPointer, &metadata, Int32(clamping: left))
                == RD_KAFKA_RESP_ERR_NO_ERROR
            {
                rd_kafka_metadata_destroy(metadata)
            }
            state.withLock { $0.users -= 1 }
        }
    }

    /// Asks a broker for nothing much.
    ///
    /// - Returns: whether one answered in time. Blocks until then.
    public func isConnected(timeoutMilliseconds: Int) -> Bool {
        let mayUse = state.withLock { state -> Bool in
            guard state.accepting else { return false }
            state.users += 1
            return true
        }
        guard mayUse else { return false }
        defer { state.withLock { $0.users -= 1 } }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        guard
            rd_kafka_metadata(handle.pointer, 0, nil, &metadata, Int32(clamping: timeoutMilliseconds))
                == RD_KAFKA_RESP_ERR_NO_ERROR
        else { return false }
        rd_kafka_metadata_destroy(metadata)
        return true
    }

    /// Waits until every message has its report.
    ///
    /// - Returns: how many reports are missing when the time is up.
    public func flush(timeoutMilliseconds: Int) -> Int {
        // Reports stay on the delivery thread: rd_kafka_flush would call them here.
        let deadline = MonotonicClock.milliseconds + timeoutMilliseconds
        while pending > 0, MonotonicClock.milliseconds < deadline { usleep(1000) }
        return pending
    }

    /// Refuses further messages, waits for reports, gives up those that are missing (their completions get a retriable
    /// error) and ends the client. Blocks no longer than the deadline; calling it again does nothing.
    public func shutdown(deadlineMilliseconds: Int) {
        finish(deadlineMilliseconds: max(1, deadlineMilliseconds))
    }

    private func finish(deadlineMilliseconds: Int) {
        let first = state.withLock { state in
            defer { state.accepting = false }
            return state.accepting
        }
        guard first else { return }
        let deadline = MonotonicClock.milliseconds + deadlineMilliseconds
        if deadlineMilliseconds > 0, flush(timeoutMilliseconds: deadlineMilliseconds * 3 / 4) > 0 {
            rd_kafka_purge(handle.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            _ = flush(timeoutMilliseconds: deadlineMilliseconds / 8)
        }
        delivery.stop(handle)
        while state.withLock({ $0.users }) > 0, MonotonicClock.milliseconds < deadline { usleep(1000) }
        let (topics, users) = state.withLock { state -> ([String: OpaquePointer], Int) in
            defer { state.topics = [:] }
            return (state.topics, state.users)
        }
        if users == 0 {
            let topics = TopicHandles(pointers: Array(topics.values))
            let left = deadlineMilliseconds > 0 ? max(1, deadline - MonotonicClock.milliseconds) : 0
            handle.destroy(deadlineMilliseconds: left) { [delivery] _ in
                delivery.join()
                for topic in topics.pointers { rd_kafka_topic_destroy(topic) }
            }
        }
        for completion in handle.context.completions.takeAll() {
            completion(KafkaError(RD_KAFKA_RESP_ERR__DESTROY, "the producer was shut down before the report came"))
        }
    }

    private struct TopicHandles: @unchecked Sendable {
        // @unchecked: handed over to the closing thread, which alone uses them.
        let pointers: [OpaquePointer]
    }

    private func topicHandle(_ name: String, _ state: inout sending State) -> OpaquePointer? {
        if let topic = state.topics[name] { return topic }
        guard let topic = rd_kafka_topic_new(handle.pointer, prefix + name, nil) else { return nil }
        state.topics[name] = topic
        return topic
    }

    private func makeHeaders(_ headers: [KafkaHeader]) -> OpaquePointer? {
        let list = rd_kafka_headers_new(headers.count)
        for header in headers {
            var name = header.name
            var value = header.value
            name.withUTF8 { name in
                value.withUTF8 { value in
                    _ = rd_kafka_header_add(list, name.baseAddress, name.count, value.baseAddress, value.count)
                }
            }
        }
        return list
    }

    private func produce(
        _ topic: OpaquePointer, key: String, value: [UInt8]?, _ headers: OpaquePointer?, _ id: Int
    ) -> rd_kafka_resp_err_t {
        var key = key
        let opaque = UnsafeMutableRawPointer(bitPattern: id)
        return key.withUTF8 { key in
            guard let value else {
                return millrace_produce(
                    handle.pointer, topic, nil, 0, key.baseAddress, key.count, headers, opaque)
            }
            return value.withUnsafeBytes { value in
                // An empty array has no address, but NULL would make it a tombstone.
                millrace_produce(
                    handle.pointer, topic, value.baseAddress ?? UnsafeRawPointer(key.baseAddress), value.count,
                    key.baseAddress, key.count, headers, opaque)
            }
        }
    }
}
