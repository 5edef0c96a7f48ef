// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Records

@Suite struct ScanTests {
    /// Calls `body` with the bytes followed by zeroes.
    func padded<T>(_ bytes: [UInt8], _ body: (UnsafePointer<UInt8>) -> T?) -> T? {
        (bytes + [UInt8](repeating: 0, count: 64)).withUnsafeBufferPointer { buffer in
            buffer.baseAddress.flatMap(body)
        }
    }

    @Test func blocksAreReadBitByBit() {
        var dice = Dice(state: 1)
        let palette: [UInt8] = [
            0x2C, 0x0A, 0x22, 0x5C, 0x0D, 0x00, 0x1F, 0x20, 0x21, 0x2B, 0x2D, 0x61, 0x7F, 0x80, 0xAC, 0x8A, 0xFF,
        ]
        for round in 0..<4000 {
            let rare = round % 2 == 0
            let block = (0..<64).map { _ in
                rare ? dice.pick(palette + [UInt8](repeating: 0x61, count: 300)) : dice.pick(palette)
            }
            let result = padded(block) { ByteBlock($0) }
            func bits(_ test: (UInt8) -> Bool) -> UInt64 {
                block.enumerated().reduce(0) { $0 | (test($1.element) ? 1 << UInt64($1.offset) : 0) }
            }
            #expect(result?.separators == bits { $0 == 0x2C || $0 == 0x0A })
            #expect(result?.lines == bits { $0 == 0x0A })
            #expect(result?.isSpecial == block.contains { $0 == 0x22 || $0 == 0x5C || $0 < 0x20 && $0 != 0x0A })
            #expect(result?.hasHighBytes == block.contains { $0 >= 0x80 })
        }
    }

    @Test func linesAreCounted() {
        var dice = Dice(state: 2)
        for length in Array(0..<70) + [4079, 4080, 4081, 4096, 9000] {
            let text = (0..<length).map { _ in dice.pick([0x0A, 0x0A, 0x0B, 0x8A, 0x61] as [UInt8]) }
            #expect(padded(text) { countLines($0, length) } == text.count { $0 == 0x0A })
            let full = [UInt8](repeating: 0x0A, count: length)
            #expect(padded(full) { countLines($0, length) } == length)
        }
    }

    @Test func utf8IsCheckedAsTheStandardLibraryDoes() {
        var dice = Dice(state: 4)
        let starts: [UInt8] = [
            0x41, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0x80, 0xBF, 0x9F, 0xA0, 0x8F, 0x90,
        ]
        var valid = 0
        for _ in 0..<60_000 {
            var text = [UInt8](repeating: 0x61, count: dice.below(10))
            for _ in 0..<dice.below(5) { text.append(dice.pick(starts)) }
            text += bytes(dice.pick(["", "é", "€", "😀", "b"]))
            let expected = String(validating: text, as: UTF8.self) != nil
            valid += expected ? 1 : 0
            let count = text.count
            #expect(padded(text) { UTF8Check.firstInvalid($0, to: count) == .max } == expected)
        }
        #expect(valid > 1000)
    }

    @Test func everyScalarIsValidAndRoundTripsThroughEscapes() {
        for value in stride(from: UInt32(0x20), through: 0x10FFFF, by: 97) {
            guard let scalar = UnicodeScalar(value) else { continue }
            let text = Array(String(Character(scalar)).utf8)
            #expect(padded(text) { UTF8Check.firstInvalid($0, to: text.count) } == .max)
            let escaped = scalar.utf16.map { "\\u" + String(0x10000 + UInt32($0), radix: 16).dropFirst() }.joined()
            let parsed = parse(.jsonLines, "{\"a\":\"\(escaped)\"}")
            #expect(parsed.rows == [["a": .text(String(Character(scalar)))]])
        }
    }
}
