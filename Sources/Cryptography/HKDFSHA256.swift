// SPDX-License-Identifier: Apache-2.0

/// Derives keys from a shared secret: HKDF with SHA-256 (RFC 5869).
public enum HKDFSHA256 {
    /// The longest output: 255 digests.
    public static let maximumLength = 255 * SHA256.digestLength

    /// `length` bytes that only who knows `secret` can derive. An empty salt counts as 32 zeros.
    public static func derive(secret: [UInt8], salt: [UInt8], info: [UInt8], length: Int) -> [UInt8] {
        precondition(length >= 0 && length <= maximumLength, "HKDF cannot give so many bytes")
        let salt = salt.isEmpty ? [UInt8](repeating: 0, count: SHA256.digestLength) : salt
        let key = HMACSHA256.authenticate(key: salt, message: secret)
        var output: [UInt8] = []
        var block: [UInt8] = []
        var counter: UInt8 = 1
        while output.count < length {
            block = HMACSHA256.authenticate(key: key, message: block + info + [counter])
            output += block
            counter &+= 1
        }
        return Array(output.prefix(length))
    }
}
