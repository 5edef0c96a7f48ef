// SPDX-License-Identifier: Apache-2.0
import Observability

/// What a worker counts.
struct WorkerMetrics: Sendable {
    let claimed: Counter
    let ended: Counter
    let retried: Counter
    let fenced: Counter
    let records: Counter
    let bytesRead: Counter
    let bytesWritten: Counter
    let seconds: Histogram
    let inHand: Gauge

    init(_ registry: MetricsRegistry) {
        claimed = registry.counter("millrace_runs_claimed_total", help: "Runs claimed.", labels: [])
        ended = registry.counter("millrace_runs_ended_total", help: "Runs ended here, by state.", labels: ["state"])
        retried = registry.counter(
            "millrace_runs_retried_total", help: "Attempts that failed and were queued again.", labels: [])
        fenced = registry.counter(
            "millrace_runs_fenced_total", help: "Attempts whose write was refused because the lease was lost.",
            labels: [])
        records = registry.counter("millrace_records_total", help: "Records read from sources.", labels: [])
        bytesRead = registry.counter("millrace_bytes_read_total", help: "Bytes read from sources.", labels: [])
        bytesWritten = registry.counter(
            "millrace_bytes_written_total", help: "Bytes written to destinations.", labels: [])
        seconds = registry.histogram(
            "millrace_run_seconds", help: "Seconds from claiming a run to its end.", labels: [],
            buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30, 120, 600, 3_600])
        inHand = registry.gauge("millrace_runs_in_hand", help: "Runs claimed by this worker now.", labels: [])
    }
}
