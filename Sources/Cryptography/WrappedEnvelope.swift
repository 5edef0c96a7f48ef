// SPDX-License-Identifier: Apache-2.0

/// A sealed envelope inside another: encrypted once more (AES-256-GCM) with a data key that is kept only as a key
/// management service wrapped it. Neither the private key of the envelope nor that service alone opens it. Its text is
/// `millrace2.KEY-ID.WRAPPED-KEY.CIPHERTEXT`, the latter two in base 64; the ciphertext has its nonce before it.
public struct WrappedEnvelope: Sendable, Equatable {
    private static let version = "millrace2"

    /// Names the key pair that the inner envelope is sealed for.
    public let keyID: String
    /// The data key, for the key management service.
    public let wrappedKey: [UInt8]
    private let ciphertext: [UInt8]

    /// Encrypts an envelope with a data key that is used for nothing else.
    /// - Parameters:
    ///   - wrappingKey: the name of the key that the data key was wrapped with.
    ///   - context: what the secret belongs to: it can be opened with the same name and context only.
    public init(
        _ envelope: SealedEnvelope, dataKey: [UInt8], wrappedKey: [UInt8], wrappingKey: String, context: [UInt8]
    ) {
        keyID = envelope.keyID
        self.wrappedKey = wrappedKey
        let nonce = RandomBytes.make(AES256GCM.nonceLength)
        ciphertext =
            nonce
            + AES256GCM.seal(
                Array(envelope.text.utf8), key: dataKey, nonce: nonce,
                associated: Self.associated(envelope.keyID, wrappedKey, wrappingKey, context))
    }

    /// Reads an envelope's text; nil when it is of another version, or none.
    public init?(text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == Self.version, let wrappedKey = Base64.decode(parts[2]),
            !wrappedKey.isEmpty, let ciphertext = Base64.decode(parts[3]),
            ciphertext.count >= AES256GCM.nonceLength + AES256GCM.tagLength
        else { return nil }
        keyID = parts[1]
        self.wrappedKey = wrappedKey
        self.ciphertext = ciphertext
    }

    public var text: String {
        [Self.version, keyID, Base64.encode(wrappedKey), Base64.encode(ciphertext)].joined(separator: ".")
    }

    /// The envelope inside.
    /// - Throws: when it was made with another data key, name or context, or was changed.
    public func open(
        dataKey: [UInt8], wrappingKey: String, context: [UInt8]
    ) throws(SealingKeyError) -> SealedEnvelope {
        let opened = AES256GCM.open(
            Array(ciphertext.dropFirst(AES256GCM.nonceLength)), key: dataKey,
            nonce: Array(ciphertext.prefix(AES256GCM.nonceLength)),
            associated: Self.associated(keyID, wrappedKey, wrappingKey, context))
        guard let opened, let envelope = SealedEnvelope(text: String(decoding: opened, as: UTF8.self)),
            envelope.keyID == keyID
        else { throw SealingKeyError("the wrapped envelope was changed, or belongs to something else") }
        return envelope
    }

    private static func associated(
        _ keyID: String, _ wrappedKey: [UInt8], _ wrappingKey: String, _ context: [UInt8]
    ) -> [UInt8] {
        var bytes = Array("\(version).\(keyID)".utf8)
        for part in [Array(wrappingKey.utf8), wrappedKey, context] { bytes += Array(".\(part.count) ".utf8) + part }
        return bytes
    }
}
