// SPDX-License-Identifier: Apache-2.0

/// A header of a message. Bytes that are not UTF-8 are repaired when read; a header without a value reads as "".
public struct KafkaHeader: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A partition of a topic, whose name is given without the configured prefix.
public struct KafkaPartition: Hashable, Sendable {
    public let topic: String
    public let partition: Int32

    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }
}

/// Where to begin reading a partition.
public enum KafkaStart: Sendable, Equatable {
    /// At this message, even if it does not exist yet.
    case offset(Int64)
    /// At the oldest message that is kept.
    case beginning
    /// After the newest message.
    case end
}

/// A message as it was read.
public struct KafkaMessage: Sendable {
    /// Without the configured prefix.
    public let topic: String
    public let partition: Int32
    public let offset: Int64
    public let key: [UInt8]?
    /// nil is a tombstone.
    public let value: [UInt8]?
    /// In the order they were sent; a name may appear more than once.
    public let headers: [KafkaHeader]
    /// Milliseconds since 1970 when the message was sent (or stored, if the topic says so); -1 when unknown.
    public let timestampMilliseconds: Int64

    public init(
        topic: String, partition: Int32, offset: Int64, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader],
        timestampMilliseconds: Int64
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers
        self.timestampMilliseconds = timestampMilliseconds
    }

    /// The value of the first header of that name.
    public func header(_ name: String) -> String? {
        for header in headers where header.name == name { return header.value }
        return nil
    }
}
