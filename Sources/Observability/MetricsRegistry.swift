// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The metrics of a process, rendered as Prometheus text 0.0.4. Thread-safe.
///
///     let started = registry.counter("millrace_runs_started_total", help: "Runs started.", labels: ["account"])
///     started.increment(["000000000000"])
///
/// Asking twice for a name gives the same instrument. Names and label names follow Prometheus' rules
/// (`[a-zA-Z_:][a-zA-Z0-9_:]*`); what does not is a programming error and stops the process at registration.
public final class MetricsRegistry: Sendable {
    private struct State {
        var instruments: [String: any Instrument] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// A number that only grows, such as requests answered. By convention its name ends in `_total`.
    public func counter(_ name: String, help: String, labels: [String] = []) -> Counter {
        register(name, labels) { Counter(name: name, help: help, labels: labels) }
    }

    /// A number that goes up and down, such as connections open.
    public func gauge(_ name: String, help: String, labels: [String] = []) -> Gauge {
        register(name, labels) { Gauge(name: name, help: help, labels: labels) }
    }

    /// A distribution, such as seconds per request.
    /// - Parameter buckets: upper bounds, in ascending order; `+Inf` is added.
    public func histogram(
        _ name: String, help: String, labels: [String] = [], buckets: [Double] = Histogram.defaultBuckets
    ) -> Histogram {
        precondition(zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }, "buckets of \(name) must ascend")
        return register(name, labels) { Histogram(name: name, help: help, labels: labels, buckets: buckets) }
    }

    /// Adds a closure that runs at the start of each `render`, on its thread, to set gauges whose values are read
    /// rather than counted. It must not block and must not call `render`.
    public func onRender(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(body) }
    }

    /// All metrics, sorted by name, and those of the process. Served as `text/plain; version=0.0.4`.
    public func render() -> String {
        for collect in state.withLock({ $0.collectors }) { collect() }
        let instruments = state.withLock { $0.instruments }
        var text = ""
        for (_, instrument) in instruments.sorted(by: { $0.key < $1.key }) { instrument.render(into: &text) }
        ProcessMetrics.render(into: &text)
        return text
    }

    private func register<Kind: Instrument>(_ name: String, _ labels: [String], _ make: () -> Kind) -> Kind {
        precondition(MetricText.isName(name), "bad metric name \(name)")
        precondition(labels.allSatisfy(MetricText.isLabelName), "bad label name in \(name)")
        return state.withLock { state in
            if let present = state.instruments[name] {
                guard let same = present as? Kind, same.labels == labels else {
                    preconditionFailure("\(name) is registered with another kind or other labels")
                }
                return same
            }
            let made = make()
            state.instruments[name] = made
            return made
        }
    }
}

/// What a registry holds.
protocol Instrument: AnyObject, Sendable {
    var labels: [String] { get }
    func render(into text: inout String)
}
