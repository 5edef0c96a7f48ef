// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A number that only grows. Thread-safe; on a hot path keep what `labeled` returns, whose increment is one atomic
/// addition.
public final class Counter: Instrument {
    /// One series of a counter.
    public final class Series: Sendable {
        private let total = Atomic<Int>(0)

        init() {}

        /// - Parameter amount: zero or more; less is ignored.
        public func increment(by amount: Int = 1) {
            if amount > 0 { total.wrappingAdd(amount, ordering: .relaxed) }
        }

        public var value: Int { total.load(ordering: .relaxed) }
    }

    let labels: [String]
    private let name: String
    private let help: String
    private let series: SeriesTable<Series>
    private let plain: Series?

    init(name: String, help: String, labels: [String]) {
        self.name = name
        self.help = help
        self.labels = labels
        series = SeriesTable(width: labels.count) { Series() }
        plain = labels.isEmpty ? series.find([]) : nil
    }

    /// - Parameters:
    ///   - amount: zero or more; less is ignored.
    ///   - labelValues: in the order of the label names.
    public func increment(by amount: Int = 1, _ labelValues: [String] = []) {
        labeled(labelValues).increment(by: amount)
    }

    /// The series for these label values, to keep and use without a lookup.
    public func labeled(_ labelValues: [String]) -> Series { plain ?? series.find(labelValues) }

    func render(into text: inout String) {
        MetricText.appendHeader(name: name, help: help, kind: "counter", to: &text)
        for (values, series) in series.ordered {
            MetricText.appendSample(name, labels: labels, values: values, String(series.value), to: &text)
        }
    }
}
