// SPDX-License-Identifier: Apache-2.0

/// Reads ISO-8601 moments: `2022-04-26`, `2022-04-26T13:00`, `2022-04-26T13:00:00.123456-07:00`, `…Z`. Without a zone
/// the moment is in UTC. A blank or a lower-case `t` may separate date and time.
public enum ISO8601 {
    /// Microseconds since 1970 (finer digits are cut), or nil if the text is no such moment.
    public static func microseconds(of text: String) -> Int64? {
        var text = text
        return text.withUTF8 { bytes in
            var scanner = Scanner(bytes: bytes)
            return scanner.moment()
        }
    }

    private struct Scanner {
        let bytes: UnsafeBufferPointer<UInt8>
        var place = 0

        init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

        var atEnd: Bool { place == bytes.count }

        mutating func number(digits: Int) -> Int64? {
            guard place + digits <= bytes.count else { return nil }
            var value: Int64 = 0
            for index in place..<place + digits {
                let digit = bytes[index] &- 48
                guard digit < 10 else { return nil }
                value = value * 10 + Int64(digit)
            }
            place += digits
            return value
        }

        mutating func take(_ accepted: [UInt8]) -> UInt8? {
            guard place < bytes.count, accepted.contains(bytes[place]) else { return nil }
            place += 1
            return bytes[place - 1]
        }

        mutating func moment() -> Int64? {
            guard let year = number(digits: 4), year >= 1, take([0x2D]) != nil, let month = number(digits: 2),
                (1...12).contains(month), take([0x2D]) != nil, let day = number(digits: 2),
                day >= 1, day <= Self.days(in: month, of: year)
            else { return nil }
            var seconds = Self.daysSince1970(year, month, day) * 86400
            if atEnd { return inRange(seconds * 1_000_000) }
            guard take([0x54, 0x74, 0x20]) != nil, let hour = number(digits: 2), hour < 24, take([0x3A]) != nil,
                let minute = number(digits: 2), minute < 60
            else { return nil }
            seconds += hour * 3600 + minute * 60
            var fraction: Int64 = 0
            if take([0x3A]) != nil {
                // A leap second counts as the first of the next minute.
                guard let second = number(digits: 2), second <= 60 else { return nil }
                seconds += second
                if take([0x2E, 0x2C]) != nil {
                    guard let parsed = microsecondDigits() else { return nil }
                    fraction = parsed
                }
            }
            guard let offset = zone(), atEnd else { return nil }
            return inRange((seconds - offset) * 1_000_000 + fraction)
        }

        mutating func microsecondDigits() -> Int64? {
            var value: Int64 = 0
            var count = 0
            while place < bytes.count, bytes[place] &- 48 < 10 {
                if count < 6 { value = value * 10 + Int64(bytes[place] - 48) }
                count += 1
                place += 1
            }
            guard count > 0 else { return nil }
            while count < 6 {
                value *= 10
                count += 1
            }
            return value
        }

        /// Seconds east of UTC.
        mutating func zone() -> Int64? {
            if atEnd || take([0x5A, 0x7A]) != nil { return 0 }
            guard let sign = take([0x2B, 0x2D]), let hours = number(digits: 2), hours < 24 else { return nil }
            var minutes: Int64 = 0
            if !atEnd {
                _ = take([0x3A])
                guard let parsed = number(digits: 2), parsed < 60 else { return nil }
                minutes = parsed
            }
            let offset = hours * 3600 + minutes * 60
            return sign == 0x2D ? -offset : offset
        }

        func inRange(_ microseconds: Int64) -> Int64? {
            WireTimestamp.range.contains(microseconds) ? microseconds : nil
        }

        static func days(in month: Int64, of year: Int64) -> Int64 {
            switch month {
            case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        }

        /// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March.
        static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
            let shifted = month <= 2 ? year - 1 : year
            let era = shifted / 400
            let yearOfEra = shifted - era * 400
            let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
            let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            return era * 146_097 + dayOfEra - 719_468
        }
    }
}
