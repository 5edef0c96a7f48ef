// SPDX-License-Identifier: Apache-2.0

/// HMAC with SHA-256 (RFC 2104). Authentication codes are 32 bytes; compare them with `ConstantTime.equal`.
public enum HMACSHA256 {
    /// The authentication code of `message` under `key`, a key of any length.
    public static func authenticate(key: [UInt8], message: [UInt8]) -> [UInt8] {
        message.withUnsafeBytes { authenticate(key: key, message: $0) }
    }

    /// The authentication code of `message` under `key`, a key of any length.
    public static func authenticate(key: [UInt8], message: UnsafeRawBufferPointer) -> [UInt8] {
        // Written out over plain digests: OpenSSL 3.0 looks its HMAC up at each use, which costs several digests.
        let key = key.count > SHA256.blockLength ? SHA256.hash(key) : key
        let inner = withUnsafeTemporaryAllocation(
            byteCount: SHA256.blockLength + message.count, alignment: 1
        ) { buffer in
            fill(buffer, key: key, pad: 0x36)
            UnsafeMutableRawBufferPointer(rebasing: buffer[SHA256.blockLength...]).copyMemory(from: message)
            return SHA256.hash(UnsafeRawBufferPointer(buffer))
        }
        return withUnsafeTemporaryAllocation(
            byteCount: SHA256.blockLength + SHA256.digestLength, alignment: 1
        ) { buffer in
            fill(buffer, key: key, pad: 0x5c)
            inner.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[SHA256.blockLength...]).copyMemory(from: $0)
            }
            return SHA256.hash(UnsafeRawBufferPointer(buffer))
        }
    }

    private static func fill(_ buffer: UnsafeMutableRawBufferPointer, key: [UInt8], pad: UInt8) {
        for index in 0..<SHA256.blockLength {
            buffer[index] = (index < key.count ? key[index] : 0) ^ pad
        }
    }
}
