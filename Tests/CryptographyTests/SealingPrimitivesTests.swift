// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Testing

@Suite struct SealingPrimitivesTests {
    private func bytes(_ hex: String) -> [UInt8] { Hex.decode(hex) ?? [] }

    // RFC 7748, 5.2 and 6.1.
    @Test(arguments: [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
        ),
        (
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        ),
    ])
    func `shared secrets of the standard`(privateKey: String, publicKey: String, secret: String) {
        #expect(X25519.sharedSecret(privateKey: bytes(privateKey), publicKey: bytes(publicKey)) == bytes(secret))
    }

    @Test func `public key of the standard`() {
        let bob = bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
        let expected = bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        #expect(X25519.publicKey(of: bob) == expected)
    }

    @Test func `both sides come to one secret, and bad keys to none`() throws {
        let first = X25519.makePrivateKey()
        let second = X25519.makePrivateKey()
        #expect(first != second)
        let secret = X25519.sharedSecret(privateKey: first, publicKey: try #require(X25519.publicKey(of: second)))
        #expect(secret != nil)
        #expect(X25519.sharedSecret(privateKey: second, publicKey: try #require(X25519.publicKey(of: first))) == secret)
        // Of low order: the secret would be zero whatever the private key.
        #expect(X25519.sharedSecret(privateKey: first, publicKey: [UInt8](repeating: 0, count: 32)) == nil)
        #expect(X25519.sharedSecret(privateKey: first, publicKey: [1]) == nil)
        #expect(X25519.publicKey(of: [1]) == nil)
    }

    // RFC 5869, A.1 to A.3.
    @Test(arguments: [
        (
            String(repeating: "0b", count: 22), "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        ),
        (
            Hex.encode(Array(0x00...0x4f)), Hex.encode(Array(0x60...0xaf)), Hex.encode(Array(0xb0...0xff)),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da32"
                + "75600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
        (
            String(repeating: "0b", count: 22), "", "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        ),
    ])
    func `derived keys of the standard`(secret: String, salt: String, info: String, output: String) {
        let derived = HKDFSHA256.derive(
            secret: bytes(secret), salt: bytes(salt), info: bytes(info), length: output.count / 2)
        #expect(Hex.encode(derived) == output)
    }

    // Test cases 13, 14 and 16 of the GCM specification.
    @Test(arguments: [
        (
            String(repeating: "00", count: 32), String(repeating: "00", count: 12), "", "",
            "530f8afbc74536b9a963b4f1c4cb738b"
        ),
        (
            String(repeating: "00", count: 32), String(repeating: "00", count: 12), String(repeating: "00", count: 16),
            "", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0d"
                + "e657ba637b39", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba"
                + "7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ])
    func `ciphertexts of the standard`(key: String, nonce: String, plain: String, associated: String, sealed: String) {
        let result = AES256GCM.seal(
            bytes(plain), key: bytes(key), nonce: bytes(nonce), associated: bytes(associated))
        #expect(Hex.encode(result) == sealed)
        #expect(
            AES256GCM.open(result, key: bytes(key), nonce: bytes(nonce), associated: bytes(associated)) == bytes(plain))
    }

    @Test func `what was changed does not open`() {
        let key = RandomBytes.make(32)
        let nonce = RandomBytes.make(12)
        let sealed = AES256GCM.seal(Array("secret".utf8), key: key, nonce: nonce, associated: [1])
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(AES256GCM.open(changed, key: key, nonce: nonce, associated: [1]) == nil)
        }
        #expect(AES256GCM.open(sealed, key: key, nonce: nonce, associated: []) == nil)
        #expect(AES256GCM.open(sealed, key: RandomBytes.make(32), nonce: nonce, associated: [1]) == nil)
        #expect(AES256GCM.open([1, 2], key: key, nonce: nonce, associated: [1]) == nil)
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func `base 64 of the standard`(plain: String, text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
    }

    @Test func `base 64 of everything, and nothing else`() {
        for count in 0..<70 {
            let bytes = RandomBytes.make(count)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        for text in ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Zm9v\n", "Zm-v"] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
    }
}
