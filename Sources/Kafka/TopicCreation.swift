// SPDX-License-Identifier: Apache-2.0
import CRdKafka

/// The CreateTopics request.
enum TopicCreation {
    /// Creates topics; one that exists already is no error.
    static func create(
        _ topics: [TopicSpecification], prefix: String, _ client: OpaquePointer, timeoutMilliseconds: Int
    ) throws(KafkaError) {
        var requests: [OpaquePointer?] = []
        defer { for request in requests { rd_kafka_NewTopic_destroy(request) } }
        for topic in topics { requests.append(try makeRequest(topic, prefix)) }

        let options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        rd_kafka_AdminOptions_set_request_timeout(options, Int32(clamping: timeoutMilliseconds), nil, 0)
        rd_kafka_AdminOptions_set_operation_timeout(options, Int32(clamping: timeoutMilliseconds), nil, 0)
        let queue = rd_kafka_queue_new(client)
        defer { rd_kafka_queue_destroy(queue) }
        rd_kafka_CreateTopics(client, &requests, requests.count, options, queue)
        guard let event = rd_kafka_queue_poll(queue, Int32(clamping: timeoutMilliseconds)) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "no broker answered the request to create topics")
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaError(code, rd_kafka_event_error_string(event).map { String(cString: $0) })
        }
        try check(event)
    }

    private static func makeRequest(_ topic: TopicSpecification, _ prefix: String) throws(KafkaError) -> OpaquePointer {
        var text = [CChar](repeating: 0, count: 512)
        let request = rd_kafka_NewTopic_new(
            prefix + topic.name, Int32(clamping: topic.partitions), Int32(clamping: topic.replication), &text,
            text.count)
        guard let request else { throw .configuration("topic \(topic.name): \(String(errorText: text))") }
        for (name, value) in topic.settings.sorted(by: { $0.key < $1.key }) {
            rd_kafka_NewTopic_set_config(request, name, value)
        }
        return request
    }

    private static func check(_ event: OpaquePointer) throws(KafkaError) {
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        for result in UnsafeBufferPointer(start: results, count: count) {
            let code = rd_kafka_topic_result_error(result)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS { continue }
            let name = rd_kafka_topic_result_name(result).map { String(cString: $0) } ?? "?"
            let reason = rd_kafka_topic_result_error_string(result).map { String(cString: $0) } ?? ""
            throw KafkaError(code, "topic \(name) could not be created: \(reason)")
        }
    }
}
