// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text as PostgreSQL can hold it, also within JSON that it reads: without U+0000, and of a moderate length (at
    /// most 2,000 bytes).
    public var storable: String {
        let bytes = utf8.prefix(2_000).map { $0 == 0 ? UInt8(ascii: "?") : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}
