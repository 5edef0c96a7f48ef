// SPDX-License-Identifier: Apache-2.0

/// A moment, to the nanosecond. As text: `2022-02-01`, `2022-02-01T10:00[:00[.123]][Z|±hh[[:]mm]]` (also with a blank or `t`;
/// without an offset in UTC), or milliseconds since 1970.
struct Instant: Equatable, Comparable, Sendable {
    var seconds: Int64
    var nanoseconds: Int64

    static func < (a: Instant, b: Instant) -> Bool {
        a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds
    }

    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let value = bytes.withUnsafeBufferPointer({ Instant($0) }) else { return nil }
        self = value
    }

    /// Nil: the text is no moment. Blanks around it do not matter.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        var end = text.count
        while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
        while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
        var reader = Reader(text: text, place: start, end: end)
        // A year and a dash; anything else can only be a number of milliseconds.
        let isDate = end - start >= 10 && text[start + 4] == 0x2D && text[start] != 0x2D
        guard let value = isDate ? reader.moment() : reader.milliseconds() else { return nil }
        self = value
    }

    init(seconds: Int64, nanoseconds: Int64) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    private struct Reader {
        let text: UnsafeBufferPointer<UInt8>
        var place: Int
        let end: Int

        mutating func take(_ byte: UInt8) -> Bool {
            guard place < end, text[place] == byte else { return false }
            place += 1
            return true
        }

        mutating func digits(_ count: Int) -> Int64? {
            guard end - place >= count else { return nil }
            var value: Int64 = 0
            for i in place..<place + count {
                let digit = text[i] &- 0x30
                guard digit < 10 else { return nil }
                value = value * 10 + Int64(digit)
            }
            place += count
            return value
        }

        /// Digits after a point, as nanoseconds; what is finer is cut.
        mutating func fraction(scale: Int64) -> Int64? {
            var value: Int64 = 0
            var unit = scale
            let first = place
            while place < end, text[place] &- 0x30 < 10 {
                unit /= 10
                value += Int64(text[place] &- 0x30) * unit
                place += 1
            }
            return place > first ? value : nil
        }

        mutating func milliseconds() -> Instant? {
            let negative = take(0x2D)
            if !negative { _ = take(0x2B) }
            var value: Int64 = 0
            let first = place
            while place < end, text[place] &- 0x30 < 10 {
                guard place - first < 18 else { return nil }
                value = value * 10 + Int64(text[place] &- 0x30)
                place += 1
            }
            guard place > first else { return nil }
            var nanoseconds: Int64 = 0
            if take(0x2E) {
                guard let fraction = fraction(scale: 1_000_000) else { return nil }
                nanoseconds = fraction
            }
            guard place == end else { return nil }
            nanoseconds += value % 1000 * 1_000_000
            let seconds = value / 1000
            if !negative { return Instant(seconds: seconds, nanoseconds: nanoseconds) }
            return nanoseconds == 0
                ? Instant(seconds: -seconds, nanoseconds: 0)
                : Instant(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
        }

        mutating func moment() -> Instant? {
            guard let year = digits(4), take(0x2D), let month = digits(2), (1...12).contains(month), take(0x2D),
                let day = digits(2), day >= 1, day <= Self.days(month, year)
            else { return nil }
            var result = Instant(seconds: Self.daysSince1970(year, month, day) * 86400, nanoseconds: 0)
            if place == end { return result }
            guard take(0x54) || take(0x74) || take(0x20), let hour = digits(2), hour < 24, take(0x3A),
                let minute = digits(2), minute < 60
            else { return nil }
            result.seconds += hour * 3600 + minute * 60
            if take(0x3A) {
                // A leap second counts as the first of the next minute.
                guard let second = digits(2), second <= 60 else { return nil }
                result.seconds += second
                if take(0x2E) || take(0x2C) {
                    guard let fraction = fraction(scale: 1_000_000_000) else { return nil }
                    result.nanoseconds = fraction
                }
            }
            guard let offset = zone(), place == end else { return nil }
            result.seconds -= offset
            return result
        }

        private mutating func zone() -> Int64? {
            if place == end || take(0x5A) || take(0x7A) { return 0 }
            let west = take(0x2D)
            guard west || take(0x2B), let hours = digits(2), hours < 24 else { return nil }
            var seconds = hours * 3600
            if place < end {
                _ = take(0x3A)
                guard let minutes = digits(2), minutes < 60 else { return nil }
                seconds += minutes * 60
            }
            return west ? -seconds : seconds
        }

        private static func days(_ month: Int64, _ year: Int64) -> Int64 {
            switch month {
            case 4, 6, 9, 11: 30
            case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
            default: 31
            }
        }

        /// The proleptic Gregorian calendar, counted in eras of 400 years that start on 1 March.
        private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
            let shifted = month <= 2 ? year - 1 : year
            let era = (shifted >= 0 ? shifted : shifted - 399) / 400
            let yearOfEra = shifted - era * 400
            let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
            let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            return era * 146097 + dayOfEra - 719468
        }
    }
}
