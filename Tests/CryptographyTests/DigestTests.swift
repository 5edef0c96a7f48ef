// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Testing

@Suite struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `digests of the standard`(message: String, digest: String) {
        #expect(Hex.encode(SHA256.hash(message)) == digest)
        #expect(Hex.encode(SHA256.hash(Array(message.utf8))) == digest)
    }

    @Test func `pieces give the digest of the whole`() {
        let message = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var hasher = SHA256Hasher()
        for start in stride(from: 0, to: message.count, by: 333) {
            hasher.update(Array(message[start..<min(start + 333, message.count)]))
        }
        #expect(hasher.finish() == SHA256.hash(message))
    }

    // RFC 4231, test cases 1, 2, 3 and 6.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `authentication codes of RFC 4231`(key: [UInt8], message: [UInt8], code: String) {
        #expect(Hex.encode(HMACSHA256.authenticate(key: key, message: message)) == code)
    }

    @Test func `an empty message has a code`() {
        #expect(
            Hex.encode(HMACSHA256.authenticate(key: [], message: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }
}

@Suite struct EncodingTests {
    @Test func `hex there and back`() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        #expect(Hex.encode([0, 0x0f, 0xa0, 0xff]) == "000fa0ff")
        #expect(Hex.decode("AbCd") == [0xab, 0xcd])
        #expect(Hex.decode("abc") == nil)
        #expect(Hex.decode("0g") == nil)
    }

    @Test func `percent encoding leaves only what AWS leaves`() {
        #expect(PercentEncoding.encode("a-b._~/ü +%") == "a-b._~%2F%C3%BC%20%2B%25")
        #expect(PercentEncoding.encode("a/b c", keepingSlashes: true) == "a/b%20c")
        #expect(PercentEncoding.decode("a%2fb+%C3%BC") == Array("a/b+ü".utf8))
        #expect(PercentEncoding.decode("a+b", plusIsSpace: true) == Array("a b".utf8))
        for broken in ["%", "%2", "%zz", "a%2"] { #expect(PercentEncoding.decode(broken) == nil) }
    }

    @Test func `comparison in constant time compares`() {
        #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2]))
        #expect(ConstantTime.equal([], []))
        // Equal as text, different as bytes.
        #expect(!ConstantTime.equal("\u{e9}", "e\u{301}"))
    }

    @Test func `identifiers have the form of version 4 and differ`() throws {
        let pattern = #/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/#
        let identifiers = (0..<1000).map { _ in UUIDs.v4() }
        #expect(identifiers.allSatisfy { (try? pattern.wholeMatch(in: $0)) != nil })
        #expect(Set(identifiers).count == 1000)
    }

    @Test func `random bytes have the length asked for`() {
        for count in [0, 1, 7, 8, 9, 32] { #expect(RandomBytes.make(count).count == count) }
        #expect(RandomBytes.make(32) != RandomBytes.make(32))
    }
}
