// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cryptography

@Suite struct WrappedEnvelopeTests {
    private let inner = SealedEnvelope(
        keyID: "0011223344556677", ephemeralKey: [UInt8](repeating: 1, count: 32),
        ciphertext: [UInt8](repeating: 2, count: 40))
    private let dataKey = [UInt8](repeating: 3, count: 32)
    private let context = Array("what it belongs to".utf8)

    private func wrapped() -> WrappedEnvelope {
        WrappedEnvelope(inner, dataKey: dataKey, wrappedKey: [9, 8, 7], wrappingKey: "arn:k", context: context)
    }

    @Test func itOpensToWhatWasWrapped() throws {
        let text = wrapped().text
        // The form that the store checks, with the key's id in second place, whatever is around the envelope.
        #expect(text.hasPrefix("millrace2.0011223344556677.CQgH."))
        #expect(text.split(separator: ".").count == 4 && !text.contains(inner.text))
        let read = try #require(WrappedEnvelope(text: text))
        #expect(read.wrappedKey == [9, 8, 7] && read.keyID == inner.keyID)
        #expect(try read.open(dataKey: dataKey, wrappingKey: "arn:k", context: context) == inner)
    }

    @Test func noTwoAreAlike() { #expect(wrapped().text != wrapped().text) }

    @Test func nothingElseOpensIt() throws {
        let other = [UInt8](repeating: 4, count: 32)
        #expect(throws: SealingKeyError.self) {
            try wrapped().open(dataKey: other, wrappingKey: "arn:k", context: context)
        }
        #expect(throws: SealingKeyError.self) {
            try wrapped().open(dataKey: dataKey, wrappingKey: "arn:j", context: context)
        }
        #expect(throws: SealingKeyError.self) {
            try wrapped().open(dataKey: dataKey, wrappingKey: "arn:k", context: context + [0])
        }
        #expect(throws: SealingKeyError.self) {
            try wrapped().open(dataKey: [], wrappingKey: "arn:k", context: context)
        }
    }

    @Test func whatWasChangedDoesNotOpen() throws {
        let parts = wrapped().text.split(separator: ".").map(String.init)
        for changed in [
            [parts[0], "8011223344556677", parts[2], parts[3]], [parts[0], parts[1], "CQgI", parts[3]],
        ] {
            let read = try #require(WrappedEnvelope(text: changed.joined(separator: ".")))
            #expect(throws: SealingKeyError.self) {
                try read.open(dataKey: dataKey, wrappingKey: "arn:k", context: context)
            }
        }
        var bytes = try #require(Base64.decode(parts[3]))
        for place in [0, 11, 12, bytes.count - 1] {
            bytes[place] ^= 1
            defer { bytes[place] ^= 1 }
            let text = [parts[0], parts[1], parts[2], Base64.encode(bytes)].joined(separator: ".")
            let read = try #require(WrappedEnvelope(text: text))
            #expect(throws: SealingKeyError.self) {
                try read.open(dataKey: dataKey, wrappingKey: "arn:k", context: context)
            }
        }
    }

    @Test func onlyItsOwnTextIsRead() {
        #expect(SealedEnvelope(text: wrapped().text) == nil && WrappedEnvelope(text: inner.text) == nil)
        for text in [
            "", "millrace2", "millrace2.k..AAAA", "millrace2.k.AA==.AAAA", "millrace2.k.AA==.*",
            "millrace3.k.AA==.AAAA",
        ] {
            #expect(WrappedEnvelope(text: text) == nil, "\(text)")
        }
    }
}
