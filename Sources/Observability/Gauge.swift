// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A number that goes up and down. Thread-safe; keep what `labeled` returns to spare the lookup.
public final class Gauge: Instrument {
    /// One series of a gauge.
    public final class Series: Sendable {
        private let bits = Atomic<UInt64>(0)

        init() {}

        public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
        public func set(_ value: Int) { set(Double(value)) }

        /// - Parameter amount: negative to subtract.
        public func add(_ amount: Double) {
            var seen = bits.load(ordering: .relaxed)
            while true {
                let next = (Double(bitPattern: seen) + amount).bitPattern
                let (exchanged, original) = bits.weakCompareExchange(expected: seen, desired: next, ordering: .relaxed)
                if exchanged { return }
                seen = original
            }
        }

        public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
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

    /// - Parameter labelValues: in the order of the label names.
    public func set(_ value: Double, _ labelValues: [String] = []) { labeled(labelValues).set(value) }

    /// - Parameter labelValues: in the order of the label names.
    public func set(_ value: Int, _ labelValues: [String] = []) { labeled(labelValues).set(value) }

    /// - Parameters:
    ///   - amount: negative to subtract.
    ///   - labelValues: in the order of the label names.
    public func add(_ amount: Double, _ labelValues: [String] = []) { labeled(labelValues).add(amount) }

    /// The series for these label values, to keep and use without a lookup.
    public func labeled(_ labelValues: [String]) -> Series { plain ?? series.find(labelValues) }

    func render(into text: inout String) {
        MetricText.appendHeader(name: name, help: help, kind: "gauge", to: &text)
        for (values, series) in series.ordered {
            let sample = MetricText.number(series.value)
            MetricText.appendSample(name, labels: labels, values: values, sample, to: &text)
        }
    }
}
