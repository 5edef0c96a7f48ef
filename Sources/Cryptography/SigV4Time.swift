// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The time forms of Signature Version 4: `20240506T070809Z`, and the dates a `Date` header may carry.
enum SigV4Time {
    private static let months: [[UInt8]] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ].map { Array($0.utf8) }

    private static let zones: [[UInt8]] = [" GMT", " UTC", " -0000", " +0000"].map { Array($0.utf8) }

    /// Seconds since 1970 as `20240506T070809Z`.
    static func basic(_ epochSeconds: Int) -> String {
        var seconds = time_t(epochSeconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return String(unsafeUninitializedCapacity: 16) { output in
            var position = 0
            func put(_ value: Int32, digits: Int) {
                var value = value
                for index in stride(from: position + digits - 1, through: position, by: -1) {
                    output[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
                    value /= 10
                }
                position += digits
            }
            put(parts.tm_year + 1900, digits: 4)
            put(parts.tm_mon + 1, digits: 2)
            put(parts.tm_mday, digits: 2)
            output[position] = UInt8(ascii: "T")
            position += 1
            put(parts.tm_hour, digits: 2)
            put(parts.tm_min, digits: 2)
            put(parts.tm_sec, digits: 2)
            output[position] = UInt8(ascii: "Z")
            return position + 1
        }
    }

    /// Seconds since 1970 of `20240506T070809Z`; nil for any other form or an impossible date.
    static func parseBasic(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let year = number(bytes[0..<4]), let month = number(bytes[4..<6]), let day = number(bytes[6..<8]),
            let hour = number(bytes[9..<11]), let minute = number(bytes[11..<13]), let second = number(bytes[13..<15])
        else { return nil }
        return seconds(year, month, day, hour, minute, second)
    }

    /// Seconds since 1970 of `2024-05-06T07:08:09Z` (or `+00:00`), as credentials tell their end, or of the basic form;
    /// nil otherwise.
    static func parseExtended(_ text: String) -> Int? {
        if let basic = parseBasic(text) { return basic }
        let text = text.hasSuffix("+00:00") ? text.dropLast(6) + "Z" : text[...]
        let bytes = Array(text.utf8)
        guard bytes.count == 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":")
        else { return nil }
        return parseBasic(text.filter { $0 != "-" && $0 != ":" })
    }

    /// Seconds since 1970 of an HTTP date, `Mon, 06 May 2024 07:08:09 GMT`, or of the basic form; nil otherwise.
    /// botocore writes `-0000` for GMT.
    static func parseDateHeader(_ text: String) -> Int? {
        if let basic = parseBasic(text) { return basic }
        let bytes = Array(text.utf8)
        guard bytes.count > 26, bytes[3] == UInt8(ascii: ","), bytes[4] == UInt8(ascii: " "),
            bytes[7] == UInt8(ascii: " "), bytes[11] == UInt8(ascii: " "), bytes[16] == UInt8(ascii: " "),
            bytes[19] == UInt8(ascii: ":"), bytes[22] == UInt8(ascii: ":"), zones.contains(Array(bytes[25...])),
            let day = number(bytes[5..<7]), let month = months.firstIndex(of: Array(bytes[8..<11])),
            let year = number(bytes[12..<16]), let hour = number(bytes[17..<19]),
            let minute = number(bytes[20..<22]), let second = number(bytes[23..<25])
        else { return nil }
        return seconds(year, Int32(month) + 1, day, hour, minute, second)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int32? {
        var value: Int32 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int32(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func seconds(
        _ year: Int32, _ month: Int32, _ day: Int32, _ hour: Int32, _ minute: Int32, _ second: Int32
    ) -> Int? {
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60 else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = month - 1
        parts.tm_mday = day
        parts.tm_hour = hour
        parts.tm_min = minute
        parts.tm_sec = second
        let result = Int(timegm(&parts))
        // timegm turns 31 February into a day of March; such a date is refused here.
        return parts.tm_mday == day && parts.tm_mon == month - 1 ? result : nil
    }
}
