// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The series of one instrument, by their label values. Thread-safe.
///
/// Bounded: a label that carries unforeseen values (a bug, or a client's doing) would otherwise grow the process and
/// its scrapes for ever. Beyond the limit all new combinations share one series.
final class SeriesTable<Series: Sendable>: Sendable {
    /// What stands for the values of combinations beyond the limit.
    static var overflow: String { "other" }

    private let width: Int
    private let limit: Int
    private let make: @Sendable () -> Series
    private let series: Mutex<[[String]: Series]>

    init(width: Int, limit: Int = 1000, make: @escaping @Sendable () -> Series) {
        self.width = width
        self.limit = limit
        self.make = make
        // An instrument without labels is one series, and shows from the start.
        series = Mutex(width == 0 ? [[]: make()] : [:])
    }

    /// The series for these values, created on first use. Missing values read as empty, surplus ones are dropped.
    func find(_ values: [String]) -> Series {
        var values = values
        if values.count != width {
            values = Array(values.prefix(width)) + Array(repeating: "", count: max(0, width - values.count))
        }
        return series.withLock { series in
            if let present = series[values] { return present }
            let key = series.count < limit ? values : Array(repeating: Self.overflow, count: width)
            if let present = series[key] { return present }
            let made = make()
            series[key] = made
            return made
        }
    }

    /// All series, ordered by their values.
    var ordered: [(values: [String], series: Series)] {
        series.withLock { $0.map { (values: $0.key, series: $0.value) } }
            .sorted { $0.values.lexicographicallyPrecedes($1.values) }
    }
}
