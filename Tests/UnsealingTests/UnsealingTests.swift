// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Testing
import Unsealing

@Suite struct UnsealingTests {
    /// A pair as two PEM texts.
    private struct Pair {
        let privateKey: String
        let publicKey: String

        init() throws {
            let key = X25519.makePrivateKey()
            privateKey = X25519PEM.privateKey.encode(key)
            publicKey = X25519PEM.publicKey.encode(try #require(X25519.publicKey(of: key)))
        }
    }

    private let secret = Array("the secret".utf8)
    private let context = Array("profile".utf8)

    @Test func `what is sealed opens`() throws {
        let pair = try Pair()
        let keys = try SealingKeys(pem: pair.publicKey)
        let envelope = try keys.seal(secret, context: context)
        let other = try keys.seal(secret, context: context)
        #expect(envelope != other && envelope.ciphertext != other.ciphertext, "each envelope has a key of its own")
        let read = try #require(SealedEnvelope(text: envelope.text))
        #expect(read == envelope && envelope.text.hasPrefix("millrace1.\(envelope.keyID)."))
        #expect(try UnsealingKeys(pem: pair.privateKey).open(read, context: context) == secret)
        #expect(!envelope.text.contains("the secret"))
    }

    @Test func `another key, context or bit does not open`() throws {
        let pair = try Pair()
        let keys = try UnsealingKeys(pem: pair.privateKey)
        let envelope = try SealingKeys(pem: pair.publicKey).seal(secret, context: context)
        #expect(throws: SealingKeyError.self) { try keys.open(envelope, context: Array("other".utf8)) }
        let stranger = try UnsealingKeys(pem: try Pair().privateKey)
        #expect(throws: SealingKeyError("the key \(envelope.keyID) is not among the private keys")) {
            try stranger.open(envelope, context: context)
        }
        var changed = envelope.ciphertext
        changed[0] ^= 1
        let tampered = SealedEnvelope(
            keyID: envelope.keyID, ephemeralKey: envelope.ephemeralKey, ciphertext: changed)
        #expect(throws: SealingKeyError.self) { try keys.open(tampered, context: context) }
        let rekeyed = SealedEnvelope(
            keyID: envelope.keyID, ephemeralKey: try #require(X25519.publicKey(of: X25519.makePrivateKey())),
            ciphertext: envelope.ciphertext)
        #expect(throws: SealingKeyError.self) { try keys.open(rekeyed, context: context) }
    }

    @Test func `the newest key seals and all open`() throws {
        let old = try Pair()
        let new = try Pair()
        let before = try SealingKeys(pem: old.publicKey).seal(secret, context: context)
        let after = try SealingKeys(pem: old.publicKey + new.publicKey).seal(secret, context: context)
        #expect(before.keyID != after.keyID)
        let keys = try UnsealingKeys(pem: "# kept since\n" + old.privateKey + "\n" + new.privateKey)
        #expect(keys.keyIDs == [before.keyID, after.keyID])
        #expect(try keys.open(before, context: context) == secret)
        #expect(try keys.open(after, context: context) == secret)
    }

    /// Made by `openssl genpkey -algorithm X25519` and `openssl pkey -pubout`.
    @Test func `keys of openssl are read`() throws {
        let privateKey = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VuBCIEIOAtG4oXgRL5nYPB7zuuTqj1+lG7aI2+lbbKQmtz3at+
            -----END PRIVATE KEY-----
            """
        let publicKey = """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VuAyEAQDK+w4oZ1wq8YA4frmME6UJFVkGvHnYDc01yG2NrE2Y=
            -----END PUBLIC KEY-----
            """
        let envelope = try SealingKeys(pem: publicKey).seal(secret, context: context)
        #expect(try UnsealingKeys(pem: privateKey).open(envelope, context: context) == secret)
    }

    @Test(arguments: [
        "", "no key", "-----BEGIN PUBLIC KEY-----\nZm9v\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA", "-----BEGIN PRIVATE KEY-----\nZm9v\n-----END PRIVATE KEY-----",
    ])
    func `bad files are refused`(text: String) {
        #expect(throws: SealingKeyError.self) { try SealingKeys(pem: text) }
    }

    @Test(arguments: [
        "", "millrace1.a.b", "millrace2.0011223344556677.AAAA.AAAA", "millrace1.a.AAAA.AAAA", "a.b.c.d.e",
    ])
    func `other texts are no envelopes`(text: String) { #expect(SealedEnvelope(text: text) == nil) }
}
