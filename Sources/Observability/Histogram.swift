// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A distribution over buckets with fixed bounds. Thread-safe; keep what `labeled` returns to spare the lookup.
public final class Histogram: Instrument {
    /// Seconds, from half a millisecond to ten seconds.
    public static let defaultBuckets: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// One series of a histogram.
    public final class Series: Sendable {
        struct Content {
            /// Observations per bucket, not cumulative; the last is for what exceeds all bounds.
            var counts: [Int]
            var sum = 0.0
        }

        private let bounds: [Double]
        private let content: Mutex<Content>

        init(bounds: [Double]) {
            self.bounds = bounds
            content = Mutex(Content(counts: Array(repeating: 0, count: bounds.count + 1)))
        }

        /// - Parameter value: in the unit of the buckets, seconds by convention; not-a-number is ignored.
        public func observe(_ value: Double) {
            if value.isNaN { return }
            let index = bounds.firstIndex { value <= $0 } ?? bounds.count
            content.withLock { content in
                content.counts[index] += 1
                content.sum += value
            }
        }

        var snapshot: Content { content.withLock { $0 } }
    }

    let labels: [String]
    private let name: String
    private let help: String
    private let buckets: [Double]
    private let series: SeriesTable<Series>
    private let plain: Series?

    init(name: String, help: String, labels: [String], buckets: [Double]) {
        self.name = name
        self.help = help
        self.labels = labels
        self.buckets = buckets
        series = SeriesTable(width: labels.count) { Series(bounds: buckets) }
        plain = labels.isEmpty ? series.find([]) : nil
    }

    /// - Parameters:
    ///   - value: in the unit of the buckets, seconds by convention.
    ///   - labelValues: in the order of the label names.
    public func observe(_ value: Double, _ labelValues: [String] = []) { labeled(labelValues).observe(value) }

    /// The series for these label values, to keep and use without a lookup.
    public func labeled(_ labelValues: [String]) -> Series { plain ?? series.find(labelValues) }

    func render(into text: inout String) {
        MetricText.appendHeader(name: name, help: help, kind: "histogram", to: &text)
        for (values, series) in series.ordered {
            let content = series.snapshot
            var below = 0
            for (bound, count) in zip(buckets + [.infinity], content.counts) {
                below += count
                let extra = (name: "le", value: MetricText.number(bound))
                MetricText.appendSample(
                    "\(name)_bucket", labels: labels, values: values, extra: extra, String(below), to: &text)
            }
            let sum = MetricText.number(content.sum)
            MetricText.appendSample("\(name)_sum", labels: labels, values: values, sum, to: &text)
            MetricText.appendSample("\(name)_count", labels: labels, values: values, String(below), to: &text)
        }
    }
}
