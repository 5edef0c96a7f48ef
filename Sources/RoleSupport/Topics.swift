// SPDX-License-Identifier: Apache-2.0
public import Kafka

/// The topics that the roles share, without their prefix.
public enum Topics {
    public static let commands = "commands"
    public static let outcomes = "outcomes"
    public static let queries = "queries"
    public static let runs = "runs"
    public static let runEvents = "run-events"
    public static let sourceEvents = "source-events"
    public static let notifications = "notifications"
    public static let deadLetters = "dead-letters"

    /// Messages of up to 2 MiB: a request body of 1 MiB with room for escaping and headers.
    public static let maximumMessageBytes = 2 * 1024 * 1024

    /// How the topics are created at start-up. Commands, outcomes and offers are worthless after minutes; events and
    /// dead letters are kept for operators.
    public static func specifications(partitions: Int, replication: Int) -> [TopicSpecification] {
        func topic(_ name: String, hours: Int) -> TopicSpecification {
            TopicSpecification(
                name: name, partitions: partitions, replication: replication,
                settings: [
                    "cleanup.policy": "delete", "retention.ms": String(hours * 3_600_000),
                    "max.message.bytes": String(maximumMessageBytes),
                    // Retention drops whole segments: with Kafka's 1 GiB an hour of outcomes would last for days.
                    "segment.bytes": String(64 * 1024 * 1024),
                ])
        }
        return [
            topic(commands, hours: 24), topic(outcomes, hours: 1), topic(queries, hours: 1), topic(runs, hours: 1),
            topic(runEvents, hours: 72), topic(sourceEvents, hours: 72), topic(notifications, hours: 72),
            topic(deadLetters, hours: 24 * 14),
        ]
    }
}
