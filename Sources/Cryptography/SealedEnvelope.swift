// SPDX-License-Identifier: Apache-2.0

/// A secret that only the owner of a private key can read: an ephemeral X25519 key, HKDF-SHA256 over the shared secret, and
/// AES-256-GCM. Its text is `millrace1.KEY-ID.EPHEMERAL-KEY.CIPHERTEXT`, the latter two in base 64.
public struct SealedEnvelope: Sendable, Equatable {
    private static let version = "millrace1"

    /// Names the key pair it is sealed for.
    public let keyID: String
    /// The public half of the pair that was made for this envelope alone.
    public let ephemeralKey: [UInt8]
    /// With its tag at the end.
    public let ciphertext: [UInt8]

    public init(keyID: String, ephemeralKey: [UInt8], ciphertext: [UInt8]) {
        self.keyID = keyID
        self.ephemeralKey = ephemeralKey
        self.ciphertext = ciphertext
    }

    /// Reads an envelope's text; nil when it is none, or of a version to come.
    public init?(text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == Self.version, let key = Base64.decode(parts[2]),
            key.count == X25519.keyLength, let ciphertext = Base64.decode(parts[3]),
            ciphertext.count >= AES256GCM.tagLength
        else { return nil }
        self.init(keyID: parts[1], ephemeralKey: key, ciphertext: ciphertext)
    }

    public var text: String {
        [Self.version, keyID, Base64.encode(ephemeralKey), Base64.encode(ciphertext)].joined(separator: ".")
    }

    /// The id of a key pair: the beginning of the digest of its public key.
    public static func keyID(ofPublicKey key: [UInt8]) -> String { Hex.encode(Array(SHA256.hash(key).prefix(8))) }

    /// The key and nonce of one envelope. Both come from a secret that is used once, so the nonce never repeats.
    public static func derive(
        sharedSecret: [UInt8], ephemeralKey: [UInt8], recipientKey: [UInt8]
    ) -> (key: [UInt8], nonce: [UInt8]) {
        let bytes = HKDFSHA256.derive(
            secret: sharedSecret, salt: ephemeralKey + recipientKey, info: Array("\(version) sealed credentials".utf8),
            length: AES256GCM.keyLength + AES256GCM.nonceLength)
        return (Array(bytes.prefix(AES256GCM.keyLength)), Array(bytes.dropFirst(AES256GCM.keyLength)))
    }

    /// What is authenticated beside the secret: version, key, and what the secret belongs to.
    public static func associated(keyID: String, context: [UInt8]) -> [UInt8] {
        Array("\(version).\(keyID).".utf8) + context
    }
}
