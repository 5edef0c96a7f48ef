// SPDX-License-Identifier: Apache-2.0

/// A literal of a filter on text, ready for comparison with cells.
struct TextLiteral: Sendable {
    let bytes: [UInt8]
    let count: Int
    /// The first eight bytes as a big-endian word, zero-padded.
    let word: UInt64

    init(_ text: String) {
        bytes = Array(text.utf8)
        count = bytes.count
        var word: UInt64 = 0
        for place in 0..<8 { word = word << 8 | (place < bytes.count ? UInt64(bytes[place]) : 0) }
        self.word = word
    }
}
