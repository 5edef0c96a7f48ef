// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing

@testable import Observability

@Suite(.serialized)
struct MetricsRegistryTests {
    private func lines(_ registry: MetricsRegistry, _ name: String) -> [String] {
        registry.render().split(separator: "\n").map(String.init).filter { $0.contains(name) }
    }

    @Test
    func `A counter counts up per label value`() {
        let registry = MetricsRegistry()
        let counter = registry.counter("runs_total", help: "Runs.", labels: ["state", "kind"])
        counter.increment(["ok", "a"])
        counter.increment(by: 2, ["ok", "a"])
        counter.labeled(["failed", "b"]).increment()
        counter.increment(by: -5, ["ok", "a"])
        #expect(
            lines(registry, "runs_total") == [
                "# HELP runs_total Runs.", "# TYPE runs_total counter", #"runs_total{state="failed",kind="b"} 1"#,
                #"runs_total{state="ok",kind="a"} 3"#,
            ])
    }

    @Test
    func `Instruments without labels show from the start`() {
        let registry = MetricsRegistry()
        _ = registry.counter("a_total", help: "A.")
        _ = registry.gauge("b", help: "B.")
        #expect(lines(registry, "a_total").last == "a_total 0")
        #expect(lines(registry, "b").last { $0.hasPrefix("b ") } == "b 0")
    }

    @Test
    func `A gauge is set and added to`() {
        let registry = MetricsRegistry()
        let gauge = registry.gauge("lag", help: "Lag.", labels: ["partition"])
        gauge.set(5, ["0"])
        gauge.add(-1.5, ["0"])
        gauge.set(Int.max, ["1"])
        gauge.set(.nan, ["2"])
        gauge.set(-.infinity, ["3"])
        gauge.set(1e300, ["4"])
        #expect(
            lines(registry, "lag{") == [
                #"lag{partition="0"} 3.5"#, #"lag{partition="1"} 9.223372036854776e+18"#, #"lag{partition="2"} NaN"#,
                #"lag{partition="3"} -Inf"#, #"lag{partition="4"} 1e+300"#,
            ])
    }

    @Test
    func `Buckets of a histogram are cumulative`() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("took_seconds", help: "Time.", labels: ["role"], buckets: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 1, 7] { histogram.observe(value, ["api"]) }
        histogram.observe(.nan, ["api"])
        #expect(
            lines(registry, "took_seconds_") == [
                #"took_seconds_bucket{role="api",le="0.1"} 2"#, #"took_seconds_bucket{role="api",le="1"} 4"#,
                #"took_seconds_bucket{role="api",le="+Inf"} 5"#, #"took_seconds_sum{role="api"} 8.65"#,
                #"took_seconds_count{role="api"} 5"#,
            ])
    }

    @Test
    func `Label values and help are escaped`() {
        let registry = MetricsRegistry()
        registry.gauge("g", help: "one\ntwo \\ \"three\"", labels: ["v"]).set(1, ["a\"b\\c\nd"])
        #expect(lines(registry, "# HELP g ") == [#"# HELP g one\ntwo \\ "three""#])
        #expect(lines(registry, "g{") == [#"g{v="a\"b\\c\nd"} 1"#])
    }

    @Test
    func `A name gives the same instrument again`() {
        let registry = MetricsRegistry()
        registry.counter("a_total", help: "A.", labels: ["x"]).increment(["1"])
        registry.counter("a_total", help: "Other.", labels: ["x"]).increment(["1"])
        #expect(lines(registry, "a_total{") == [#"a_total{x="1"} 2"#])
    }

    @Test
    func `The number of series is bounded, and missing or surplus values do no harm`() {
        let registry = MetricsRegistry()
        let counter = registry.counter("wild_total", help: "W.", labels: ["v"])
        for value in 0..<3000 { counter.increment([String(value)]) }
        let samples = lines(registry, "wild_total{")
        #expect(samples.count == 1001)
        #expect(samples.contains(#"wild_total{v="other"} 2000"#))
        let pair = registry.counter("pair_total", help: "P.", labels: ["a", "b"])
        pair.increment(["1"])
        pair.increment(["1", "2", "3"])
        pair.increment()
        #expect(
            lines(registry, "pair_total{") == [
                #"pair_total{a="",b=""} 1"#, #"pair_total{a="1",b=""} 1"#, #"pair_total{a="1",b="2"} 1"#,
            ])
    }

    @Test
    func `Collectors run at each rendering`() {
        let registry = MetricsRegistry()
        let gauge = registry.gauge("size", help: "S.")
        let size = Atomic<Int>(0)
        registry.onRender { gauge.set(size.wrappingAdd(1, ordering: .relaxed).newValue) }
        #expect(lines(registry, "size").contains("size 1"))
        #expect(lines(registry, "size").contains("size 2"))
    }

    @Test
    func `The metrics of the process are there`() throws {
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        let text = MetricsRegistry().render()
        func value(_ name: String) throws -> Double {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + " ") })
            return try #require(Double(line.dropFirst(name.count + 1)))
        }
        #expect(try value("process_resident_memory_bytes") > 1_000_000)
        #expect(try value("process_cpu_seconds_total") > 0)
        #expect(try value("process_open_fds") >= 4)
    }

    @Test
    func `Threads lose no increment`() {
        let registry = MetricsRegistry()
        let counter = registry.counter("c_total", help: "C.", labels: ["n"])
        let gauge = registry.gauge("g", help: "G.")
        let histogram = registry.histogram("h", help: "H.", buckets: [1])
        let threads = (0..<4).map { _ in
            Thread {
                for round in 0..<10_000 {
                    counter.increment([String(round % 3)])
                    gauge.add(1)
                    histogram.observe(0.5)
                    if round % 1000 == 0 { _ = registry.render() }
                }
            }
        }
        for thread in threads { thread.start() }
        while !threads.allSatisfy(\.isFinished) { usleep(1000) }
        let total = (0..<3).map { counter.labeled([String($0)]).value }.reduce(0, +)
        #expect(total == 40_000)
        #expect(gauge.labeled([]).value == 40_000)
        #expect(lines(registry, "h_count") == ["h_count 40000"])
    }

    @Test(arguments: ["", "1a", "a-b", "a b", "é", "a\n"])
    func `Bad names are known`(name: String) {
        #expect(!MetricText.isName(name))
        #expect(!MetricText.isLabelName(name))
    }

    @Test
    func `Reserved label names are known`() {
        #expect(MetricText.isName("a:b_1"))
        #expect(!MetricText.isLabelName("a:b"))
        #expect(!MetricText.isLabelName("le"))
        #expect(!MetricText.isLabelName("__a"))
        #expect(MetricText.isLabelName("_a1"))
    }
}
