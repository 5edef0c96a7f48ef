// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// The SHA-256 digest of FIPS 180-4, computed by OpenSSL. Digests are 32 bytes.
public enum SHA256 {
    /// Bytes in a digest.
    public static let digestLength = 32
    /// Bytes the compression function takes at a time; HMAC pads its key to this.
    static let blockLength = 64

    /// Fetched once: an implicit fetch at each digest would cost more than hashing a short message.
    // nonisolated(unsafe): set once, and OpenSSL's algorithm objects are read-only and reference-counted.
    nonisolated(unsafe) fileprivate static let algorithm: OpaquePointer? = EVP_MD_fetch(nil, "SHA256", nil)

    /// The digest of `bytes`.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: digestLength) { output, count in
            let status = EVP_Digest(
                bytes.baseAddress, bytes.count, output.baseAddress, nil, algorithm ?? EVP_sha256(), nil)
            precondition(status == 1, "OpenSSL could not compute SHA-256")
            count = digestLength
        }
    }

    /// The digest of `bytes`.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { hash($0) } }

    /// The digest of the text's UTF-8 bytes.
    public static func hash(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }
}

/// SHA-256 of a message that comes in pieces. Used by one thread; `finish` ends its use.
public struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
        self.context = context
        let status = EVP_DigestInit_ex(context, SHA256.algorithm ?? EVP_sha256(), nil)
        precondition(status == 1, "OpenSSL could not start SHA-256")
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds the next piece of the message.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(status == 1, "OpenSSL could not compute SHA-256")
    }

    /// Adds the next piece of the message.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of all pieces.
    public consuming func finish() -> [UInt8] {
        let context = self.context
        return [UInt8](unsafeUninitializedCapacity: SHA256.digestLength) { output, count in
            let status = EVP_DigestFinal_ex(context, output.baseAddress, nil)
            precondition(status == 1, "OpenSSL could not finish SHA-256")
            count = SHA256.digestLength
        }
    }
}
