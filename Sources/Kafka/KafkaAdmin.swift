// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Glibc
public import Observability
import Threading

/// What is done to topics, not with messages. Each call makes a client of its own and blocks; use it at start-up.
public enum KafkaAdmin {
    /// Creates the topics that are missing and waits until every partition has a leader. Those that exist are left as
    /// they are, whatever their partitions and settings. The embedded broker creates its topics itself, so there this only
    /// waits.
    ///
    /// - Throws: a retriable error when the brokers did not get there in time; otherwise what a person must mend.
    public static func ensureTopics(
        _ topics: [TopicSpecification], configuration: KafkaConfiguration, endpoint: KafkaEndpoint,
        timeoutMilliseconds: Int, logger: Logger = Logger(role: "kafka", level: .warning)
    ) throws(KafkaError) {
        let deadline = MonotonicClock.milliseconds + timeoutMilliseconds
        let client = try ClientHandle(.admin, configuration, endpoint, logger)
        defer { client.destroy(deadlineMilliseconds: 2000) }
        var problem = KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "the topics are not ready")
        while true {
            let left = deadline - MonotonicClock.milliseconds
            guard left > 0 else { throw problem }
            do throws(KafkaError) {
                let known = try Metadata.partitions(client.pointer, timeoutMilliseconds: left)
                let missing = topics.filter { known[configuration.topicPrefix + $0.name] == nil }
                if missing.isEmpty {
                    let waiting = topics.first { known[configuration.topicPrefix + $0.name]?.ready != true }
                    guard let waiting else { return }
                    problem = KafkaError(
                        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "topic \(waiting.name) has no leader yet")
                } else if endpoint.embedded {
                    throw KafkaError(
                        RD_KAFKA_RESP_ERR__NOENT, "the embedded broker was started without topic \(missing[0].name)")
                } else {
                    try TopicCreation.create(
                        missing, prefix: configuration.topicPrefix, client.pointer,
                        timeoutMilliseconds: max(1, deadline - MonotonicClock.milliseconds))
                }
            } catch {
                guard error.isRetriable else { throw error }
                problem = error
            }
            usleep(50_000)
        }
    }

    /// Number of partitions of a topic (named without the prefix).
    ///
    /// - Throws: a retriable error when the brokers did not answer in time or do not know the topic.
    public static func partitionCount(
        topic: String, configuration: KafkaConfiguration, endpoint: KafkaEndpoint, timeoutMilliseconds: Int,
        logger: Logger = Logger(role: "kafka", level: .warning)
    ) throws(KafkaError) -> Int {
        let client = try ClientHandle(.admin, configuration, endpoint, logger)
        defer { client.destroy(deadlineMilliseconds: 2000) }
        let known = try Metadata.partitions(client.pointer, timeoutMilliseconds: timeoutMilliseconds)
        guard let found = known[configuration.topicPrefix + topic] else {
            throw KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "there is no topic \(topic)")
        }
        return found.count
    }

    /// The partition that a message with this key lands in, of `count`.
    public static func consistentPartition(key: String, count: Int) -> Int32 {
        guard count > 0 else { return 0 }
        var key = key
        return key.withUTF8 { bytes in
            // The topic is not looked at.
            rd_kafka_msg_partitioner_consistent(
                nil, bytes.baseAddress, bytes.count, Int32(clamping: count), nil, nil)
        }
    }
}

/// What the brokers say about their topics.
enum Metadata {
    struct Topic {
        let count: Int
        /// Every partition has a leader.
        let ready: Bool
    }

    /// All topics by whole name. Asking for all, not for some, makes no broker create what it does not know.
    static func partitions(
        _ client: OpaquePointer, timeoutMilliseconds: Int
    ) throws(KafkaError) -> [String: Topic] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client, 1, nil, &metadata, Int32(clamping: timeoutMilliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw KafkaError(code)
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        var topics: [String: Topic] = [:]
        for topic in UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt)) {
            let partitions = UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt))
            guard !partitions.isEmpty else { continue }
            topics[String(cString: topic.topic)] = Topic(
                count: partitions.count, ready: partitions.allSatisfy { $0.leader >= 0 })
        }
        return topics
    }
}
