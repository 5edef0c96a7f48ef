// SPDX-License-Identifier: Apache-2.0

public import JSON

/// Moments on the wire. Inside they are microseconds since 1970 in UTC; the API writes seconds as a JSON number with
/// milliseconds and reads whole seconds, seconds with a fraction, and ISO-8601.
public enum WireTimestamp {
    /// The years 0001 to 9999.
    static let range: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

    /// Seconds with exactly three decimals, cut (not rounded) to the millisecond before: `1628732168.132`.
    public static func json(microseconds: Int64) -> JSONValue {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1000)
        let milliseconds = remainder < 0 ? quotient - 1 : quotient
        let magnitude = milliseconds.magnitude
        let fraction = String(magnitude % 1000 + 1000).dropFirst()
        return .number(JSONNumber(text: "\(milliseconds < 0 ? "-" : "")\(magnitude / 1000).\(fraction)"))
    }

    /// Microseconds of a number of seconds or an ISO-8601 text; nil for anything else and outside the years 1 to 9999.
    public static func parse(_ value: JSONValue) -> Int64? {
        switch value {
        case .number(let number): parse(number)
        case .string(let text): ISO8601.microseconds(of: text)
        default: nil
        }
    }

    private static func parse(_ number: JSONNumber) -> Int64? {
        let result: Int64
        if let seconds = number.int {
            let (product, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000)
            guard !overflow else { return nil }
            result = product
        } else {
            // A double holds microseconds of today exactly enough: its error near 2^31 seconds is 0.2 µs.
            guard let seconds = number.double, abs(seconds) < 1e12 else { return nil }
            result = Int64((seconds * 1e6).rounded())
        }
        return range.contains(result) ? result : nil
    }
}
