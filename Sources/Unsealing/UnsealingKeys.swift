// SPDX-License-Identifier: Apache-2.0
public import Cryptography

/// The private keys that open what was sealed. In a module of its own, which the worker alone depends on: nothing else in
/// the program can open a secret.
public struct UnsealingKeys: Sendable {
    private struct Pair: Sendable {
        let privateKey: [UInt8]
        let publicKey: [UInt8]
    }

    private let pairs: [String: Pair]

    /// Reads a PEM file of private keys: all that may still be in use.
    public init(path: String) throws(SealingKeyError) { try self.init(X25519PEM.privateKey.read(path: path)) }

    public init(pem: String) throws(SealingKeyError) { try self.init(X25519PEM.privateKey.decode(pem)) }

    private init(_ privateKeys: [[UInt8]]) throws(SealingKeyError) {
        var pairs: [String: Pair] = [:]
        for key in privateKeys {
            guard let publicKey = X25519.publicKey(of: key) else { throw SealingKeyError("a key is not good") }
            pairs[SealedEnvelope.keyID(ofPublicKey: publicKey)] = Pair(privateKey: key, publicKey: publicKey)
        }
        self.pairs = pairs
    }

    /// The ids of the keys.
    public var keyIDs: Set<String> { Set(pairs.keys) }

    /// The secret in an envelope.
    /// - Parameter context: what it was sealed with.
    public func open(_ envelope: SealedEnvelope, context: [UInt8]) throws(SealingKeyError) -> [UInt8] {
        guard let pair = pairs[envelope.keyID] else {
            throw SealingKeyError("the key \(envelope.keyID) is not among the private keys")
        }
        guard let shared = X25519.sharedSecret(privateKey: pair.privateKey, publicKey: envelope.ephemeralKey) else {
            throw SealingKeyError("the envelope's key is not a good X25519 key")
        }
        let (key, nonce) = SealedEnvelope.derive(
            sharedSecret: shared, ephemeralKey: envelope.ephemeralKey, recipientKey: pair.publicKey)
        let associated = SealedEnvelope.associated(keyID: envelope.keyID, context: context)
        guard let secret = AES256GCM.open(envelope.ciphertext, key: key, nonce: nonce, associated: associated) else {
            throw SealingKeyError("the envelope was changed, or belongs to something else")
        }
        return secret
    }
}
