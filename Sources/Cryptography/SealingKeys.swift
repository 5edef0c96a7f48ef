// SPDX-License-Identifier: Apache-2.0

/// The public keys that secrets are sealed for. Whoever has them can seal, and cannot open what is sealed.
public struct SealingKeys: Sendable {
    /// In the file's order: the newest is the last.
    private let publicKeys: [[UInt8]]

    /// Reads a PEM file of public keys.
    public init(path: String) throws(SealingKeyError) { self.init(try X25519PEM.publicKey.read(path: path)) }

    public init(pem: String) throws(SealingKeyError) { self.init(try X25519PEM.publicKey.decode(pem)) }

    private init(_ publicKeys: [[UInt8]]) { self.publicKeys = publicKeys }

    /// Seals a secret for the newest key.
    /// - Parameter context: what the secret belongs to: it can be opened with the same context only.
    public func seal(_ secret: [UInt8], context: [UInt8]) throws(SealingKeyError) -> SealedEnvelope {
        guard let recipient = publicKeys.last else { throw SealingKeyError("there is no key") }
        let privateKey = X25519.makePrivateKey()
        guard let ephemeral = X25519.publicKey(of: privateKey),
            let shared = X25519.sharedSecret(privateKey: privateKey, publicKey: recipient)
        else { throw SealingKeyError("the newest key is not a good X25519 key") }
        let (key, nonce) = SealedEnvelope.derive(
            sharedSecret: shared, ephemeralKey: ephemeral, recipientKey: recipient)
        let keyID = SealedEnvelope.keyID(ofPublicKey: recipient)
        return SealedEnvelope(
            keyID: keyID, ephemeralKey: ephemeral,
            ciphertext: AES256GCM.seal(
                secret, key: key, nonce: nonce,
                associated: SealedEnvelope.associated(keyID: keyID, context: context)))
    }
}
