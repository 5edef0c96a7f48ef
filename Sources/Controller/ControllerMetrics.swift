// SPDX-License-Identifier: Apache-2.0
import Observability

/// What a controller counts.
struct ControllerMetrics: Sendable {
    let commands: Counter
    let messages: Counter
    let deadLetters: Counter
    let expired: Counter
    let fenced: Counter
    let commitSeconds: Histogram
    let backlog: Gauge

    init(_ registry: MetricsRegistry) {
        commands = registry.counter(
            "millrace_commands_total", help: "Commands applied, by operation and result.",
            labels: ["operation", "result"])
        messages = registry.counter(
            "millrace_messages_consumed_total", help: "Messages consumed, by topic.", labels: ["topic"])
        deadLetters = registry.counter(
            "millrace_dead_letters_total", help: "Messages that could not be applied.", labels: [])
        expired = registry.counter(
            "millrace_commands_expired_total", help: "Commands discarded because nobody waited any more.", labels: [])
        fenced = registry.counter(
            "millrace_batches_fenced_total", help: "Batches refused because another controller owns the partition.",
            labels: [])
        commitSeconds = registry.histogram(
            "millrace_batch_seconds", help: "Seconds from receiving a batch to its commit.", labels: [],
            buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5])
        backlog = registry.gauge(
            "millrace_backlog", help: "Rows that wait in the store, by kind.", labels: ["kind"])
    }
}
