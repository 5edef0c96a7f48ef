// SPDX-License-Identifier: Apache-2.0

/// The target of a request line, split but never decoded: decoding before routing would turn `%2F` into a separator
/// and cut the path at `%00`.
struct RequestTarget: Equatable {
    let path: String
    let query: String

    /// Accepts the origin form (`/path?query`) and the absolute form (`http://host/path?query`), which RFC 9112 §3.2.2
    /// obliges servers to take. Nil for anything else, for control characters, spaces, bytes beyond ASCII and `#`.
    init?(_ raw: UnsafeBufferPointer<UInt8>) {
        guard raw.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else { return nil }
        var rest = raw[...]
        if rest.first != UInt8(ascii: "/") {
            guard let authority = Self.afterScheme(rest) else { return nil }
            let end = authority.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? authority.endIndex
            guard end > authority.startIndex else { return nil }
            rest = authority[end...]
        }
        let mark = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        path = mark == rest.startIndex ? "/" : String(decoding: rest[..<mark], as: UTF8.self)
        query = mark == rest.endIndex ? "" : String(decoding: rest[(mark + 1)...], as: UTF8.self)
    }

    private static func afterScheme(_ raw: Slice<UnsafeBufferPointer<UInt8>>) -> Slice<UnsafeBufferPointer<UInt8>>? {
        for scheme in ["http://", "https://"] where raw.count >= scheme.utf8.count {
            // 0x20 lowers letters and leaves `:` and `/` as they are.
            if zip(scheme.utf8, raw).allSatisfy({ $0 == $1 | 0x20 }) { return raw.dropFirst(scheme.utf8.count) }
        }
        return nil
    }
}
