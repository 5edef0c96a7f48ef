// SPDX-License-Identifier: Apache-2.0
/// X25519 keys in PEM, as `openssl genpkey -algorithm X25519` and `openssl pkey -pubout` write them (RFC 8410). A file holds
/// any number of keys, one block after the other; what stands between the blocks is ignored.
public enum X25519PEM: String, Sendable {
    case privateKey = "PRIVATE KEY"
    case publicKey = "PUBLIC KEY"

    /// What comes before the key's 32 bytes in its DER encoding.
    private var prefix: [UInt8] {
        switch self {
        case .privateKey: [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]
        case .publicKey: [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 0x21, 0]
        }
    }

    public func encode(_ key: [UInt8]) -> String {
        "-----BEGIN \(rawValue)-----\n\(Base64.encode(prefix + key))\n-----END \(rawValue)-----\n"
    }

    /// The keys of a text in their order.
    public func decode(_ text: String) throws(SealingKeyError) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        var body: String?
        for line in text.split(whereSeparator: \.isNewline) {
            switch line {
            case "-----BEGIN \(rawValue)-----": body = ""
            case "-----END \(rawValue)-----":
                guard let der = body.flatMap(Base64.decode), der.count == prefix.count + X25519.keyLength,
                    der.starts(with: prefix)
                else { throw SealingKeyError("block \(keys.count + 1) is not an X25519 key") }
                keys.append(Array(der.dropFirst(prefix.count)))
                body = nil
            default: body? += line.filter { !$0.isWhitespace }
            }
        }
        if body != nil { throw SealingKeyError("the last block does not end") }
        if keys.isEmpty { throw SealingKeyError("there is no block of type \(rawValue)") }
        return keys
    }

    /// The keys of a file of at most 1 MiB.
    public func read(path: String) throws(SealingKeyError) -> [[UInt8]] {
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(path: path)
        } catch {
            throw SealingKeyError(error.reason)
        }
        return try decode(String(decoding: bytes, as: UTF8.self))
    }
}

/// What is wrong with a file of keys, or with what was to be sealed or opened. Never quotes either.
public struct SealingKeyError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
