// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Observability

struct UTCTimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (4_107_542_399_001, "2100-02-28T23:59:59.001Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
    ])
    func `Timestamps are right at the edges`(milliseconds: Int, expected: String) {
        #expect(UTCTimestamp.string(milliseconds: milliseconds) == expected)
    }

    /// `gmtime_r` knows the calendar independently.
    @Test
    func `Timestamps agree with the C library`() {
        // A stride of a little more than a day and a half meets each day of the year and each hour.
        for seconds in stride(from: -2_000_000_000, to: 8_000_000_000, by: 131_071) {
            var time = time_t(seconds)
            var parts = tm()
            gmtime_r(&time, &parts)
            let fields = [
                Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday), Int(parts.tm_hour),
                Int(parts.tm_min), Int(parts.tm_sec),
            ]
            let text = UTCTimestamp.string(milliseconds: seconds * 1000)
            let ours = text.dropLast(5).split { "-T:".contains($0) }.compactMap { Int($0) }
            if ours != fields { Issue.record("\(text) for \(seconds)") }
        }
    }

    @Test
    func `The clock is the system's`() {
        let before = Int(Date().timeIntervalSince1970 * 1000)
        let now = UTCTimestamp.nowMilliseconds
        #expect(now >= before)
        #expect(now <= Int(Date().timeIntervalSince1970 * 1000) + 1)
    }
}
