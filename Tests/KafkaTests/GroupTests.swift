// SPDX-License-Identifier: Apache-2.0
import Testing
import Threading

@testable import Kafka

/// What a group member was told, in order.
final class GroupLog {
    var assigned: [KafkaPartition] = []
    var assignments = 0
    var revocations = 0
    var lost = 0

    func subscribe(_ consumer: KafkaConsumer, _ starts: @escaping ([KafkaPartition]) -> [KafkaPartition: Int64]?) {
        consumer.subscribe(["t"]) { [self] partitions in
            assigned = partitions
            assignments += 1
            return starts(partitions)
        } onRevoke: { [self] _, lost in
            assigned = []
            revocations += 1
            if lost { self.lost += 1 }
        }
    }
}

extension KafkaTests {
    @Suite(.serialized) struct Groups {
        @Test func partitionsStartWhereTheOwnerSays() throws {
            let fixture = try EmbeddedFixture([("t", 2)])
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            try producer.sendNumbered(0..<50)
            let consumer = try fixture.consumer(group: "g")
            let high = try consumer.watermarks(KafkaPartition(topic: "t", partition: 0), timeoutMilliseconds: 5000).high
            let log = GroupLog()
            log.subscribe(consumer) { partitions in
                #expect(Set(partitions.map(\.partition)) == [0, 1])
                return [KafkaPartition(topic: "t", partition: 0): high - 1]
            }
            let messages = try consumer.read(Int(50 - high + 1))
            #expect(messages.filter { $0.partition == 0 }.map(\.offset) == [high - 1])
            #expect(messages.filter { $0.partition == 1 }.map(\.offset) == Array(0..<(50 - high)))
            consumer.commit([KafkaPartition(topic: "t", partition: 0): high])
            consumer.close(deadlineMilliseconds: 5000)
            #expect(log.assignments == 1)
            #expect(log.revocations == 1)
            #expect(log.lost == 0)
            #expect(throws: KafkaError.self) { try consumer.poll(maximumMessages: 1, timeoutMilliseconds: 0) }
        }

        @Test func aSecondMemberTakesItsShareAndGivesItBack() throws {
            let fixture = try EmbeddedFixture([("t", 4)])
            let first = try fixture.consumer(group: "g")
            defer { first.close(deadlineMilliseconds: 5000) }
            let second = try fixture.consumer(group: "g")
            let firstLog = GroupLog()
            let secondLog = GroupLog()
            firstLog.subscribe(first) { _ in [:] }
            try first.poll { firstLog.assigned.count == 4 }
            secondLog.subscribe(second) { _ in [:] }
            try first.poll {
                _ = try? second.poll(maximumMessages: 10, timeoutMilliseconds: 50)
                return firstLog.assigned.count == 2 && secondLog.assigned.count == 2
            }
            #expect(Set(firstLog.assigned).isDisjoint(with: secondLog.assigned))
            #expect(firstLog.revocations >= 1)
            second.close(deadlineMilliseconds: 5000)
            #expect(secondLog.revocations >= 1)
            try first.poll { firstLog.assigned.count == 4 }
        }

        @Test func aMemberThatCannotDecideLeavesAndComesBack() throws {
            let fixture = try EmbeddedFixture()
            let producer = try fixture.producer()
            defer { producer.shutdown(deadlineMilliseconds: 5000) }
            try producer.sendNumbered(0..<3)
            let consumer = try fixture.consumer(group: "g")
            defer { consumer.close(deadlineMilliseconds: 5000) }
            let log = GroupLog()
            log.subscribe(consumer) { _ in log.assignments == 1 ? nil : [:] }
            #expect(try consumer.read(3).map(\.text) == ["0", "1", "2"])
            #expect(log.assignments == 2)
            // What was never taken is not revoked.
            #expect(log.revocations == 0)
        }
    }
}
