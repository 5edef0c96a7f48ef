// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The forms of time in S3's answers.
enum S3Time {
    /// Microseconds since 1970 of `2024-05-06T07:08:09.123Z`; nil for any other form. Digits beyond six are cut.
    static func parseISO(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"),
            let seconds = seconds(
                bytes[0..<4], bytes[5..<7], bytes[8..<10], bytes[11..<13], bytes[14..<16], bytes[17..<19])
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 20 {
            guard bytes[19] == UInt8(ascii: ".") else { return nil }
            var digits = bytes[20..<(bytes.count - 1)].prefix(6).map { $0 }
            while digits.count < 6 { digits.append(UInt8(ascii: "0")) }
            guard let value = number(digits[...]) else { return nil }
            fraction = Int64(value)
        }
        return Int64(seconds) * 1_000_000 + fraction
    }

    /// Seconds since 1970 of `Mon, 06 May 2024 07:08:09 GMT`; nil for any other form.
    static func parseHTTP(_ text: String) -> Int? {
        let fields = text.split(whereSeparator: { $0 == " " || $0 == ":" })
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard fields.count == 8, fields[7] == "GMT", let month = months.firstIndex(of: String(fields[2])) else {
            return nil
        }
        func bytes(_ index: Int) -> ArraySlice<UInt8> { Array(fields[index].utf8)[...] }
        let monthNumber = Array(String(month + 1).utf8)[...]
        return seconds(bytes(3), monthNumber, bytes(1), bytes(4), bytes(5), bytes(6))
    }

    private static func seconds(
        _ year: ArraySlice<UInt8>, _ month: ArraySlice<UInt8>, _ day: ArraySlice<UInt8>, _ hour: ArraySlice<UInt8>,
        _ minute: ArraySlice<UInt8>, _ second: ArraySlice<UInt8>
    ) -> Int? {
        guard let year = number(year), let month = number(month), let day = number(day), let hour = number(hour),
            let minute = number(minute), let second = number(second)
        else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = month - 1
        parts.tm_mday = day
        parts.tm_hour = hour
        parts.tm_min = minute
        parts.tm_sec = second
        return Int(timegm(&parts))
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int32? {
        guard !digits.isEmpty, digits.count <= 6 else { return nil }
        var value: Int32 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int32(digit - UInt8(ascii: "0"))
        }
        return value
    }
}
