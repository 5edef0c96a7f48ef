// SPDX-License-Identifier: Apache-2.0

/// A topic as it shall exist.
public struct TopicSpecification: Sendable, Equatable {
    /// Without the prefix.
    public let name: String
    public let partitions: Int
    public let replication: Int
    /// Topic settings of Kafka, such as `retention.ms` and `cleanup.policy`.
    public let settings: [String: String]

    public init(name: String, partitions: Int, replication: Int = 1, settings: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.settings = settings
    }
}
