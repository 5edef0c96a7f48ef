// SPDX-License-Identifier: Apache-2.0

/// How to reach Kafka, as the operator wrote it.
public struct KafkaConfiguration: Sendable {
    /// `host:port` list, or `file:/path/broker.json`: the address file of the embedded broker.
    public var brokers: String
    /// Shown in the broker's logs and metrics; at most 200 bytes.
    public var clientID: String
    /// Stands before the name of every topic and group, so that several installations can share a cluster.
    public var topicPrefix: String
    /// librdkafka properties that are passed through: `security.protocol`, `sasl.*`, `ssl.*` and the like. Those on which
    /// the guarantees rest are refused.
    public var properties: [String: String]

    public init(
        brokers: String, clientID: String, topicPrefix: String = "millrace.", properties: [String: String] = [:]
    ) {
        self.brokers = brokers
        self.clientID = clientID
        self.topicPrefix = topicPrefix
        self.properties = properties
    }

    /// The path after `file:`, for the embedded broker.
    var addressFile: String? {
        brokers.hasPrefix("file:") ? String(brokers.dropFirst("file:".count)) : nil
    }
}

/// A broker as it was found. Offsets mean something only within one epoch.
public struct KafkaEndpoint: Sendable, Equatable {
    /// `host:port` list.
    public let brokers: String
    /// The cluster id of Apache Kafka, or the uuid that the embedded broker minted at its start.
    public let epoch: String
    public let embedded: Bool

    public init(brokers: String, epoch: String, embedded: Bool) {
        self.brokers = brokers
        self.epoch = epoch
        self.embedded = embedded
    }
}
