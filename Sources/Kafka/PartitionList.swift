// SPDX-License-Identifier: Apache-2.0
import CRdKafka

/// A list of partitions with offsets in librdkafka's form, for the length of one call.
enum PartitionList {
    typealias Pointer = UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    static func with<Result, Failure: Error>(
        _ partitions: some Collection<(KafkaPartition, Int64)>, prefix: String,
        _ body: (Pointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // librdkafka's allocator never returns NULL.
        let list: Pointer! = rd_kafka_topic_partition_list_new(Int32(clamping: partitions.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for (partition, offset) in partitions {
            let element = rd_kafka_topic_partition_list_add(list, prefix + partition.topic, partition.partition)
            element?.pointee.offset = offset
        }
        return try body(list)
    }
}

extension UnsafeMutablePointer<rd_kafka_topic_partition_list_t> {
    /// The elements; valid as long as the list.
    var elements: UnsafeMutableBufferPointer<rd_kafka_topic_partition_t> {
        UnsafeMutableBufferPointer(start: pointee.elems, count: Int(pointee.cnt))
    }
}

extension KafkaStart {
    /// librdkafka's number: logical starts are negative.
    var rawOffset: Int64 {
        switch self {
        case .offset(let offset): offset
        case .beginning: Int64(RD_KAFKA_OFFSET_BEGINNING)
        case .end: Int64(RD_KAFKA_OFFSET_END)
        }
    }
}
