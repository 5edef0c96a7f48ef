// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// Authenticated encryption: AES in Galois/counter mode with keys of 32, nonces of 12 and tags of 16 bytes
/// (NIST SP 800-38D). A nonce must never be used twice with one key.
public enum AES256GCM {
    public static let keyLength = 32
    public static let nonceLength = 12
    public static let tagLength = 16

    /// The ciphertext with its tag at the end.
    /// - Parameter associated: authenticated with it, but not part of it: whoever opens it must know it.
    public static func seal(
        _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]
    ) -> [UInt8] {
        precondition(key.count == keyLength && nonce.count == nonceLength, "wrong length of key or nonce")
        guard let context = EVP_CIPHER_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
        defer { EVP_CIPHER_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: plaintext.count + tagLength)
        var tag = [UInt8](repeating: 0, count: tagLength)
        var length: Int32 = 0
        let worked =
            EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_EncryptUpdate(context, nil, &length, associated, Int32(associated.count)) == 1
            && EVP_EncryptUpdate(context, &output, &length, plaintext, Int32(plaintext.count)) == 1
            && EVP_EncryptFinal_ex(context, &tag, &length) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), &tag) == 1
        precondition(worked, "OpenSSL could not encrypt")
        output.replaceSubrange(plaintext.count..., with: tag)
        return output
    }

    /// The plaintext; nil when the key, the nonce or the associated data is another, or a bit was changed.
    public static func open(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) -> [UInt8]? {
        guard key.count == keyLength, nonce.count == nonceLength, sealed.count >= tagLength,
            let context = EVP_CIPHER_CTX_new()
        else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        let ciphertext = Array(sealed.dropLast(tagLength))
        var tag = Array(sealed.suffix(tagLength))
        // One more, so that there is something to point at when the plaintext is empty.
        var output = [UInt8](repeating: 0, count: ciphertext.count + 1)
        var length: Int32 = 0
        var last = [UInt8](repeating: 0, count: tagLength)
        let worked =
            EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_DecryptUpdate(context, nil, &length, associated, Int32(associated.count)) == 1
            && EVP_DecryptUpdate(context, &output, &length, ciphertext, Int32(ciphertext.count)) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1
            && EVP_DecryptFinal_ex(context, &last, &length) == 1
        guard worked else { return nil }
        return Array(output.prefix(ciphertext.count))
    }
}
