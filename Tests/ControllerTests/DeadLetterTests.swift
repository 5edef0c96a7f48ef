// SPDX-License-Identifier: Apache-2.0
import JSON
import Kafka
import RoleSupport
import Testing

@testable import Controller

@Suite struct DeadLetterTests {
    private func bury(
        _ value: [UInt8]?, key: [UInt8]? = Array("key".utf8), header: String = "what\u{0}ever"
    ) throws -> (
        row: (topic: String, key: String, headers: String, value: String), letter: JSONValue
    ) {
        var effects = Effects(source: "/test")
        let message = KafkaMessage(
            topic: "commands", partition: 3, offset: 41, key: key, value: value,
            headers: [KafkaHeader(name: "ce_type", value: header)], timestampMilliseconds: 0)
        effects.bury(message, reason: "because")
        #expect(effects.deadLetters == 1)
        let row = try #require(effects.outbox.first)
        return (row, try JSONValue.parse(Array(row.value.utf8)))
    }

    @Test func aLetterTellsWhereItComesFrom() throws {
        let (row, letter) = try bury(Array("{\"some\": 1}".utf8))
        #expect(row.topic == Topics.deadLetters && row.key == "key")
        #expect(letter["reason"] == "because" && letter["topic"] == "commands")
        #expect(letter["partition"] == 3 && letter["offset"] == 41)
        #expect(letter["value"] == "{\"some\": 1}" && letter["truncatedFrom"] == nil)
        #expect(letter["headers"]?["ce_type"] == "what?ever")
        let id = Envelope.headers(fromText: row.headers).first { $0.name == "ce_id" }?.value
        #expect(id == "commands/3/41", "the same message makes the same letter")
    }

    /// What is large is cut, and says how large it was; at the limit nothing is.
    @Test func largeValuesAreCut() throws {
        let limit = 256 * 1024
        let whole = try bury([UInt8](repeating: UInt8(ascii: "x"), count: limit)).letter
        #expect(whole["value"]?.stringValue?.utf8.count == limit && whole["truncatedFrom"] == nil)
        let cut = try bury([UInt8](repeating: UInt8(ascii: "x"), count: limit + 1)).letter
        #expect(cut["value"]?.stringValue?.utf8.count == limit)
        #expect(cut["truncatedFrom"]?.intValue == limit + 1)
    }

    /// However the bytes grow by escaping and repairing, the letter fits into a message.
    @Test(arguments: [0x01, 0x22, 0x5C, 0x80, 0xFF] as [UInt8])
    func aLetterAlwaysFits(_ byte: UInt8) throws {
        let row = try bury([UInt8](repeating: byte, count: Topics.maximumMessageBytes)).row
        #expect(row.value.utf8.count + row.headers.utf8.count < Topics.maximumMessageBytes)
        let everywhere = [UInt8](repeating: byte, count: 1_000_000)
        let other = try bury(everywhere, key: everywhere, header: String(decoding: everywhere, as: UTF8.self)).row
        #expect(
            other.value.utf8.count + other.headers.utf8.count + other.key.utf8.count < Topics.maximumMessageBytes)
    }

    /// A cut within a character, bytes that are no text, and NUL, which PostgreSQL does not hold.
    @Test func anyBytesBecomeText() throws {
        let long = Array(String(repeating: "€", count: 100_000).utf8)
        let text = try #require(try bury(long).letter["value"]?.stringValue)
        #expect(text.hasPrefix("€€€") && text.hasSuffix("\u{FFFD}"))
        let (row, letter) = try bury([0x61, 0x00, 0xFF, 0x62], key: [0x00, 0xFE])
        #expect(letter["value"] == "a?\u{FFFD}b" && row.key == "?\u{FFFD}")
        #expect(try bury(nil, key: nil).letter["value"] == "")
    }
}
