// SPDX-License-Identifier: Apache-2.0

/// A JSON number as it was written: `1.10` stays `1.10`. Equality compares the text.
public struct JSONNumber: Sendable, Equatable {
    /// The number in JSON's grammar.
    public let text: String

    /// Takes the text as it is; it must already be a number in JSON's grammar. For text of unknown origin use
    /// `init(validating:)`.
    public init(text: String) { self.text = text }

    /// Nil unless the text is a number in JSON's grammar (no leading zeros or plus, no hexadecimal, no `NaN`).
    public init?(validating text: String) {
        guard case .number(let number) = try? JSONValue.parse(text), sameBytes(number.text, text) else { return nil }
        self = number
    }

    public init(_ value: Int) { text = String(value) }

    /// The shortest text that reads back as the same double. JSON has no way to write what is not finite: NaN becomes
    /// zero, an infinity the largest finite double.
    public init(_ value: Double) {
        if value.isFinite {
            text = value.description
        } else if value.isNaN {
            text = "0"
        } else {
            text = (value < 0 ? -Double.greatestFiniteMagnitude : Double.greatestFiniteMagnitude).description
        }
    }

    /// The value if it is exactly an integer within `Int`, however it is written: `1`, `1.0`, `1e3`, `12.50e1`.
    public var int: Int? {
        if let plain = Int(text) { return plain }
        return exactInteger()
    }

    /// The nearest double; nil beyond the range of `Double`.
    public var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    private func exactInteger() -> Int? {
        var negative = false
        var digits: [UInt8] = []
        var fraction = 0
        var exponentDigits: [UInt8] = []
        var exponentNegative = false
        var part = 0  // 0 integer, 1 fraction, 2 exponent
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"):
                if part == 2 { exponentNegative = true } else { negative = true }
            case UInt8(ascii: "."): part = 1
            case UInt8(ascii: "e"), UInt8(ascii: "E"): part = 2
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if part == 2 {
                    exponentDigits.append(byte)
                } else {
                    digits.append(byte &- 48)
                    if part == 1 { fraction += 1 }
                }
            default: break
            }
        }
        while let last = digits.last, last == 0 {
            digits.removeLast()
            fraction -= 1
        }
        guard !digits.isEmpty else { return 0 }
        // An exponent with no fit in Int32 is far outside Int for any text of sane length.
        var exponent = 0
        if !exponentDigits.isEmpty {
            guard let parsed = Int32(String(decoding: exponentDigits, as: UTF8.self)) else { return nil }
            exponent = exponentNegative ? -Int(parsed) : Int(parsed)
        }
        let scale = exponent - fraction
        guard scale >= 0, scale < 20 else { return nil }
        var magnitude = 0
        for digit in digits + Array(repeating: 0, count: scale) {
            let (shifted, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.subtractingReportingOverflow(Int(digit))
            if overflow || carry { return nil }
            magnitude = sum
        }
        // Collected below zero, where Int reaches one further.
        if negative { return magnitude }
        return magnitude == Int.min ? nil : -magnitude
    }
}
