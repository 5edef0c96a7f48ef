// SPDX-License-Identifier: Apache-2.0

/// Makes inputs out of others, always the same ones for a seed: a fuzzer without a compiler's help.
public struct Mutator {
    private static let words: [[UInt8]] = [
        "{\"", "\":", "[]", "{}", "null", "true", "\\u0000", "\\ud800", "1e400", "-0.0", "9999999999999999999", "%2F",
        "%", "&", "=", ";", "X-Amz-Signature=", "X-Amz-Expires=", "Authorization: ", "AWS4-HMAC-SHA256 ", "Bearer ",
        "UNSIGNED-PAYLOAD", "\u{1F600}", "e\u{301}", "../", "//", "\n", "\r\n", " ",
    ].map { Array($0.utf8) }
    private static let longestInput = 64 * 1024

    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// A changed copy of one of the corpus, at times with a piece of another.
    public mutating func next(_ corpus: [[UInt8]]) -> [UInt8] {
        guard !corpus.isEmpty else { return [] }
        var bytes = corpus[below(corpus.count)]
        for _ in 0...below(4) {
            let place = below(bytes.count + 1)
            switch below(7) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
            case 1 where place < bytes.count: bytes[place] = UInt8(below(256))
            case 2: bytes.insert(contentsOf: Self.words[below(Self.words.count)], at: place)
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(16)))
            case 4: bytes.insert(contentsOf: piece(of: bytes), at: place)
            case 5: bytes.insert(contentsOf: piece(of: corpus[below(corpus.count)]), at: place)
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes.count > Self.longestInput ? Array(bytes.prefix(Self.longestInput)) : bytes
    }

    private mutating func piece(of bytes: [UInt8]) -> [UInt8] {
        let start = below(bytes.count + 1)
        return Array(bytes[start..<min(bytes.count, start + 1 + below(64))])
    }

    /// SplitMix64.
    private mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(max(1, bound)))
    }
}
