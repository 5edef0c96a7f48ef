// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Threading

@testable import Kafka

extension KafkaTests {
    @Suite(.serialized) struct ProduceConsume {
        @Test func aMessageArrivesWhole() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let consumer = try fixture.consumer()
            defer { consumer.close(deadlineMilliseconds: 5000) }
            let before = Int64(Date().timeIntervalSince1970 * 1000)
            let headers = [
                KafkaHeader(name: "ce_id", value: "1"), KafkaHeader(name: "empty", value: ""),
                KafkaHeader(name: "ce_id", value: "a value that is long, and not ASCII: Müller"),
            ]
            #expect(try producer.sendAndWait(key: "schlüssel", headers: headers, value: [0, 255, 10]) == nil)
            consumer.assign([KafkaPartition(topic: "t", partition: 0): .beginning])
            let message = try #require(try consumer.read(1).first)
            #expect(message.topic == "t")
            #expect(message.partition == 0)
            #expect(message.offset == 0)
            #expect(message.key == Array("schlüssel".utf8))
            #expect(message.value == [0, 255, 10])
            #expect(message.headers == headers)
            #expect(message.header("ce_id") == "1")
            #expect(message.header("other") == nil)
            #expect(message.timestampMilliseconds >= before)
        }

        @Test func tombstonesAndEmptyValuesDiffer() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let consumer = try fixture.consumer()
            defer { consumer.close(deadlineMilliseconds: 5000) }
            #expect(try producer.sendAndWait(value: nil) == nil)
            #expect(try producer.sendAndWait(value: []) == nil)
            consumer.assign([KafkaPartition(topic: "t", partition: 0): .beginning])
            let messages = try consumer.read(2)
            #expect(messages[0].value == nil)
            #expect(messages[1].value == [])
            #expect(messages[0].headers.isEmpty)
        }

        @Test func aKeyLandsInItsConsistentPartition() throws {
            let fixture = try EmbeddedFixture([("t", 7)])
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let consumer = try fixture.consumer()
            defer { consumer.close(deadlineMilliseconds: 5000) }
            try producer.sendNumbered(0..<200, key: { "account/flow/\($0)" })
            consumer.assign(
                Dictionary(
                    uniqueKeysWithValues: (0..<7).map { (KafkaPartition(topic: "t", partition: $0), .beginning) }))
            let messages = try consumer.read(200)
            #expect(Set(messages.map(\.partition)).count == 7)
            for message in messages {
                let key = String(decoding: try #require(message.key), as: UTF8.self)
                #expect(message.partition == KafkaAdmin.consistentPartition(key: key, count: 7))
            }
        }

        @Test func orderIsKeptWithinAPartitionAndPollIsBounded() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let consumer = try fixture.consumer()
            defer { consumer.close(deadlineMilliseconds: 5000) }
            try producer.sendNumbered(0..<3000)
            consumer.assign([KafkaPartition(topic: "t", partition: 0): .offset(10)])
            var texts: [String?] = []
            while texts.count < 2990 {
                let messages = try consumer.poll(maximumMessages: 100, timeoutMilliseconds: 10_000)
                try #require(!messages.isEmpty)
                #expect(messages.count <= 100)
                texts += messages.map(\.text)
            }
            #expect(texts == (10..<3000).map { "\($0)" })
        }

        @Test func theEndIsWhereItWasWhenAssigned() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let consumer = try fixture.consumer()
            defer { consumer.close(deadlineMilliseconds: 5000) }
            try producer.sendNumbered(0..<5)
            consumer.assign([KafkaPartition(topic: "t", partition: 0): .end])
            // Sent before the consumer has polled even once.
            try producer.sendNumbered(5..<6)
            #expect(try consumer.read(1).map(\.text) == ["5"])
        }

        @Test func seekGoesBackAndForth() throws {
            let fixture = try EmbeddedFixture([("t", 1), ("u", 1)])
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let consumer = try fixture.consumer()
            defer { consumer.close(deadlineMilliseconds: 5000) }
            let first = KafkaPartition(topic: "t", partition: 0)
            let second = KafkaPartition(topic: "u", partition: 0)
            try producer.sendNumbered(0..<20)
            try producer.sendNumbered(100..<110, topic: "u")
            consumer.assign([first: .beginning, second: .beginning])
            // Before anything was fetched, and in the middle of reading.
            consumer.seek(first, to: 15)
            let start = try consumer.read(15)
            #expect(start.filter { $0.topic == "t" }.map(\.offset) == Array(15..<20))
            #expect(start.filter { $0.topic == "u" }.map(\.offset) == Array(0..<10))
            consumer.seek(first, to: 3)
            let again = try consumer.read(17)
            #expect(again.map(\.offset) == Array(3..<20))
            #expect(again.allSatisfy { $0.topic == "t" })
            // Not assigned: ignored.
            consumer.seek(KafkaPartition(topic: "t", partition: 9), to: 0)
            #expect(try consumer.watermarks(first, timeoutMilliseconds: 5000) == (0, 20))
        }

        @Test func outOfRangeAsksTheOwner() throws {
            let fixture = try EmbeddedFixture([("t", 3)])
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let consumer = try fixture.consumer()
            defer { consumer.close(deadlineMilliseconds: 5000) }
            let partitions = (0..<3).map { KafkaPartition(topic: "t", partition: $0) }
            for index in 0..<60 { #expect(try producer.sendAndWait(key: "\(index)", value: [UInt8(index)]) == nil) }
            let counts = try partitions.map { try consumer.watermarks($0, timeoutMilliseconds: 5000).high }
            var asked: [KafkaPartition] = []
            consumer.onOffsetOutOfRange = { partition in
                asked.append(partition)
                return partition == partitions[0] ? .beginning : .offset(1)
            }
            consumer.assign([partitions[0]: .offset(999), partitions[1]: .offset(1000), partitions[2]: .offset(2)])
            let expected = Int(counts[0] + counts[1] - 1 + counts[2] - 2)
            let messages = try consumer.read(expected)
            #expect(messages.count == expected)
            #expect(Set(asked) == [partitions[0], partitions[1]])
            #expect(messages.filter { $0.partition == 0 }.map(\.offset) == Array(0..<counts[0]))
            #expect(messages.filter { $0.partition == 1 }.map(\.offset) == Array(1..<counts[1]))
            #expect(messages.filter { $0.partition == 2 }.map(\.offset) == Array(2..<counts[2]))
        }

        @Test func outOfRangeWithoutAnOwnerStartsOver() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            let consumer = try fixture.consumer()
            defer { consumer.close(deadlineMilliseconds: 5000) }
            try producer.sendNumbered(0..<3)
            consumer.assign([KafkaPartition(topic: "t", partition: 0): .offset(77)])
            #expect(try consumer.read(3).map(\.text) == ["0", "1", "2"])
        }
    }
}
