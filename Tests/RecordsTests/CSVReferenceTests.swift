// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Records

/// The block-wise parser against one that reads a byte at a time, on inputs made of the bytes that matter.
@Suite struct CSVReferenceTests {
    /// RFC 4180 as this module means it: nil if the input is malformed.
    static func reference(_ input: [UInt8]) -> [[[UInt8]?]]? {
        var rows: [[[UInt8]?]] = []
        var row: [[UInt8]?] = []
        var i = 0
        while i < input.count {
            var field: [UInt8]? = nil
            if input[i] == 0x22 {
                var text: [UInt8] = []
                i += 1
                while true {
                    guard i < input.count else { return nil }
                    if input[i] == 0x22 {
                        if i + 1 < input.count, input[i + 1] == 0x22 {
                            text.append(0x22)
                            i += 2
                            continue
                        }
                        i += 1
                        break
                    }
                    text.append(input[i])
                    i += 1
                }
                if i < input.count, input[i] == 0x0D, i + 1 == input.count || input[i + 1] == 0x0A { i += 1 }
                guard i == input.count || input[i] == 0x2C || input[i] == 0x0A else { return nil }
                field = text
            } else {
                var text: [UInt8] = []
                while i < input.count, input[i] != 0x2C, input[i] != 0x0A {
                    text.append(input[i])
                    i += 1
                }
                if i == input.count || input[i] == 0x0A, text.last == 0x0D { text.removeLast() }
                field = text.isEmpty ? nil : text
            }
            row.append(field)
            let separator = i < input.count ? input[i] : 0x0A
            i += 1
            if separator == 0x0A {
                rows.append(row)
                row = []
            } else if i == input.count {
                rows.append(row + [nil])
                row = []
            }
        }
        return rows
    }

    /// Random CSV: mostly right, of several moods.
    static func random(_ dice: inout Dice) -> [UInt8] {
        let moods: [[String]] = [
            ["a", "bc", ",", ",", "\n", "\"", "\"\"", "\r", "\r\n", "é", "😀", "\\", "\u{1}"],
            ["\"x\"", "\"a\"\"b\"", "\"c,d\"", "\"e\nf\"", "\"\"", ",", ",", "\n", "\r\n"],
            ["word", "a longer word here", "12.50", ",", ",", ",", "\n", "é"],
            ["a", ",", "\n", "\""],
        ]
        let mood = dice.pick(moods)
        var text = "h\n"
        // A quoted piece must start a field to mean what it says.
        for _ in 0..<dice.below(120) { text += dice.pick(mood) }
        return bytes(text)
    }

    @Test func agreesWithTheReference() {
        var dice = Dice(state: 7)
        var good = 0
        var bad = 0
        for round in 0..<6000 {
            let input = Self.random(&dice)
            let expected = Self.reference(input)
            // Enough columns for every row, all selected.
            let width = max(expected?.map(\.count).max() ?? 1, input.count { $0 == 0x2C } + 1, 2)
            let header = bytes((0..<width).map { "c\($0)" }.joined(separator: ",") + "\n")
            let limits = round % 2 == 0 ? ParserLimits() : ParserLimits(windowBytes: 64)
            let parsed = parse(.csv, [header + input], limits: limits)
            guard let expected else {
                bad += 1
                if parsed.error?.code != .malformed {
                    Issue.record("accepted \(String(decoding: input, as: UTF8.self))")
                }
                continue
            }
            good += 1
            let rows = expected.filter { $0 != [nil] }.map { row in
                (0..<width).map { column -> Value in
                    guard column < row.count, let text = row[column] else { return .null }
                    return .text(String(decoding: text, as: UTF8.self))
                }
            }
            let got = parsed.rows.map { row in (0..<width).map { row["c\($0)"] ?? .absent } }
            if parsed.error != nil || got != rows {
                Issue.record(
                    "\(String(decoding: input, as: UTF8.self).debugDescription): \(got) \(String(describing: parsed.error))"
                )
            }
        }
        #expect(good > 1500)
        #expect(bad > 500)
    }
}
