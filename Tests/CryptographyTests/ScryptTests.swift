// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cryptography

@Suite struct ScryptTests {
    /// RFC 7914, section 12.
    @Test func theStandardsVectors() {
        let empty = Scrypt.derive(password: [], salt: [], cost: 16, blockSize: 1, parallelization: 1, length: 64)
        #expect(
            empty.map { Hex.encode($0) }
                == "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")
        let nacl = Scrypt.derive(
            password: Array("password".utf8), salt: Array("NaCl".utf8), cost: 1024, blockSize: 8, parallelization: 16,
            length: 64)
        #expect(
            nacl.map { Hex.encode($0) }
                == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")
    }

    @Test func theCostThatIsUsed() {
        let letmein = Scrypt.derive(
            password: Array("pleaseletmein".utf8), salt: Array("SodiumChloride".utf8), length: 64)
        let other = Scrypt.derive(
            password: Array("pleaseletmein".utf8), salt: Array("SodiumChloride".utf8), cost: 16384, blockSize: 8,
            parallelization: 1, length: 64)
        #expect(letmein == other)
        #expect(
            letmein.map { Hex.encode($0) }
                == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")
    }

    @Test func secretsAreOverwritten() {
        var bytes: [UInt8] = [1, 2, 3]
        SecretBytes.wipe(&bytes)
        #expect(bytes.isEmpty)
    }
}
