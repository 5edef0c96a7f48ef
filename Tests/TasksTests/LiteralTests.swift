// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Glibc
import Testing

@testable import Tasks

@Suite struct LiteralTests {
    static func order(_ value: String, _ literal: String) -> Int? {
        guard let decimal = DecimalText(literal) else { return nil }
        return withUnsafePointer(to: decimal) { pointer in
            bytes(value).withUnsafeBufferPointer { buffer in
                buffer.baseAddress.flatMap { DecimalText.order($0, buffer.count, pointer) }
            }
        }
    }

    @Test(arguments: [
        ("1", "2", -1), ("2", "1", 1), ("1", "1.0", 0), ("-1", "1", -1), ("-2", "-1", -1), ("0", "-0", 0),
        ("-0.00", "0", 0),
        ("+5", "5", 0), (".5", "0.5", 0), ("5.", "5", 0), ("007", "7", 0), (" 7\t", "7", 0), ("0.1", "0.10000", 0),
        ("9007199254740993", "9007199254740992", 1), ("0.1", "0.1000000000000000000001", -1),
        ("123456789012345678901234567890", "123456789012345678901234567891", -1),
        ("-123456789012345678901234567890", "-123456789012345678901234567891", 1),
        ("999999999999999999", "0.000000000000000001", 1), ("-999999999999999999", "0.000000000000000001", -1),
        ("0.000000000000000001", "999999999999999999", -1), ("0.000000000000000001", "-999999999999999999", 1),
        ("1e3", "1000", 0), ("1E-2", "0.01", 0), ("1e400", "5", 1), ("2.5e0", "2.4", 1), ("3", "3e0", 0),
        ("100000000000000000000", "99999999999999999999", 1), ("0.00000000000000000000", "0", 0),
        ("000000000000000000000000000001", "1", 0), ("1.5", "1.25", 1),
    ])
    func numbersAreOrdered(_ value: String, _ literal: String, _ expected: Int) {
        #expect(Self.order(value, literal) == expected)
        #expect(Self.order(literal, value) == -expected)
    }

    @Test(arguments: [
        "", " ", "-", "+", ".", "-.", "abc", "1a", "1e", "1e+", "0x10", "nan", "inf", "1,000", "1 2", "--1", "1.2.3",
        "١",
    ])
    func notNumbers(_ text: String) {
        #expect(Self.order(text, "1") == nil)
        #expect(DecimalText(text) == nil)
    }

    /// Against integers wide enough for all cases.
    @Test func decimalsAreExact() {
        var state: UInt64 = 99
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        func number() -> (text: String, scaled: Int128) {
            var digits = ""
            for _ in 0...next(20) { digits += "\(next(3) == 0 ? 9 : next(2))" }
            let scale = Int(next(12))
            while digits.count <= scale { digits = "0" + digits }
            var scaled = Int128(digits) ?? 0
            for _ in scale..<12 { scaled *= 10 }
            let negative = next(2) == 0
            let text = scale == 0 ? digits : String(digits.dropLast(scale)) + "." + String(digits.suffix(scale))
            return (negative ? "-" + text : text, negative ? -scaled : scaled)
        }
        for _ in 0..<20_000 {
            let a = number()
            let b = number()
            #expect(Self.order(a.text, b.text) == (a.scaled < b.scaled ? -1 : (a.scaled == b.scaled ? 0 : 1)))
        }
    }

    @Test(arguments: [
        ("1970-01-01", 0, 0), ("2022-02-01T00:00:00Z", 1_643_673_600, 0), ("1643673600000", 1_643_673_600, 0),
        ("2022-02-01 00:00", 1_643_673_600, 0), ("2022-02-01t02:30:00.5+02:30", 1_643_673_600, 500_000_000),
        ("2022-01-31T16:00:00-0800", 1_643_673_600, 0),
        ("2022-01-31T23:00:00,123456789-01", 1_643_673_600, 123_456_789),
        ("2000-02-29", 951_782_400, 0), ("1969-12-31T23:59:59.999Z", -1, 999_000_000), ("-1", -1, 999_000_000),
        ("-1000", -1, 0), ("1", 0, 1_000_000), ("1.5", 0, 1_500_000), ("2016-12-31T23:59:60Z", 1_483_228_800, 0),
        ("0001-01-01", -62_135_596_800, 0), ("9999-12-31T23:59:59z", 253_402_300_799, 0),
        (" 2022-02-01\t", 1_643_673_600, 0),
        ("1900-03-01", -2_203_891_200, 0),
    ])
    func instants(_ text: String, _ seconds: Int64, _ nanoseconds: Int64) {
        #expect(Instant(text) == Instant(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "now", "-", "2022-2-1", "2022-13-01", "2022-02-30", "1900-02-29", "2022-02-01T", "2022-02-01T24:00",
        "2022-02-01T10", "2022-02-01T10:60", "2022-02-01T10:00:61", "2022-02-01T10:00:00.", "2022-02-01T10:00:00+",
        "2022-02-01T10:00:00+25:00", "2022-02-01T10:00:00Zx", "2022-02-01x", "20220201T00", "1e3", "1643673600000ms",
        "9999999999999999999", "2022-02-01T10:00:00+01:", "--1",
    ])
    func notInstants(_ text: String) { #expect(Instant(text) == nil) }

    /// What the API accepts as a literal when a flow is made must be readable when it is run.
    @Test func agreesWithTheAPIOnLiterals() {
        let texts = [
            "2022-02-01", "2022-02-01T00:00:00Z", "2022-02-01 10:00", "1643673600000", "-5", " 7 ", "1.5e3", ".5", "5.",
            "+1",
            "2022-02-01T00:00:00.123456+05:30", "2022-02-01T00:00:00+0530", "2022-02-01T00:00:00-05", "true", "False ",
        ]
        for text in texts {
            if TaskDataType.dateTime.accepts(text) { #expect(Instant(text) != nil, "\(text)") }
            if TaskDataType.number.accepts(text) { #expect(DecimalText(text) != nil, "\(text)") }
            if TaskDataType.boolean.accepts(text) {
                let flag = bytes(text).withUnsafeBufferPointer { b in
                    b.baseAddress.flatMap { RecordFilter.boolean($0, b.count) }
                }
                #expect(flag != nil, "\(text)")
            }
        }
    }
}
