// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// Diffie–Hellman on Curve25519 (RFC 7748). Keys and shared secrets are 32 bytes.
public enum X25519 {
    /// Bytes of a private key, a public key and a shared secret.
    public static let keyLength = 32

    /// A fresh private key.
    public static func makePrivateKey() -> [UInt8] { RandomBytes.make(keyLength) }

    /// The public key of a private key; nil unless that is 32 bytes.
    public static func publicKey(of privateKey: [UInt8]) -> [UInt8]? {
        guard let key = load(privateKey: privateKey) else { return nil }
        defer { EVP_PKEY_free(key) }
        var output = [UInt8](repeating: 0, count: keyLength)
        var length = output.count
        guard EVP_PKEY_get_raw_public_key(key, &output, &length) == 1, length == keyLength else { return nil }
        return output
    }

    /// What both sides come to; nil for keys of another length, and for public keys of low order, which would give a
    /// secret that anybody knows.
    public static func sharedSecret(privateKey: [UInt8], publicKey: [UInt8]) -> [UInt8]? {
        guard publicKey.count == keyLength, let own = load(privateKey: privateKey) else { return nil }
        defer { EVP_PKEY_free(own) }
        guard let peer = EVP_PKEY_new_raw_public_key_ex(nil, "X25519", nil, publicKey, publicKey.count) else {
            return nil
        }
        defer { EVP_PKEY_free(peer) }
        guard let context = EVP_PKEY_CTX_new(own, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: keyLength)
        var length = output.count
        guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, peer) == 1,
            EVP_PKEY_derive(context, &output, &length) == 1, length == keyLength
        else { return nil }
        return output
    }

    private static func load(privateKey: [UInt8]) -> OpaquePointer? {
        guard privateKey.count == keyLength else { return nil }
        return EVP_PKEY_new_raw_private_key_ex(nil, "X25519", nil, privateKey, privateKey.count)
    }
}
