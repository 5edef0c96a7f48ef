// SPDX-License-Identifier: Apache-2.0
import FlowStore
import Kafka
import PostgreSQL
import RoleSupport
import TestSupport
import Testing
import Threading

@testable import Controller

extension ControllerDatabaseTests {
    /// Where a consumer begins: in the log of a real broker, and by the offsets of a real store.
    @Suite(.serialized) struct StoredPositionsTests {
        private static let partition = KafkaPartition(topic: Topics.commands, partition: 0)
        private let connection: PostgresConnection
        private let broker: TestBroker
        private let consumer: KafkaConsumer
        private let cursors = PartitionCursors()
        private let status = ControllerStatus()

        /// The log holds the offsets 0 to 9.
        init() throws {
            connection = try testDatabase.connect()
            try Log.clear(connection)
            broker = try TestBroker()
            let stop = StopSignal()
            let bus = broker.makeBus(stop: stop)
            _ = try #require(bus.awaitEndpoint())
            let delivered = Mailbox<Bool>()
            for number in 0..<10 {
                bus.send(topic: Topics.commands, key: "k", headers: [], value: Array("\(number)".utf8)) {
                    _ = delivered.offer($0 == nil)
                }
            }
            for _ in 0..<10 { try #require(delivered.take(upTo: 1, timeoutMilliseconds: 20_000) == [true]) }
            stop.raise()
            bus.shutdown(deadlineMilliseconds: 2_000)
            consumer = try broker.consumer()
        }

        private func positions(_ database: PostgresConfiguration? = nil) throws -> StoredPositions {
            StoredPositions(
                epoch: "epoch", database: try database ?? testDatabase.configuration(), cursors: cursors,
                status: status, logger: testLogger)
        }

        private func store(_ offset: Int64) throws {
            try connection.script(
                """
                INSERT INTO consumer_offsets (epoch, topic, partition, next_offset) VALUES ('epoch', 'commands', 0, \(offset))
                """)
        }

        private func stored() throws -> [String] {
            try connection.lines("SELECT epoch, topic, partition, next_offset FROM consumer_offsets")
        }

        @Test func aPartitionBeginsWhereTheStoreSays() throws {
            let positions = try positions()
            try store(4)
            #expect(positions.assign([Self.partition], consumer) == [Self.partition: 4])
            #expect(cursors.all == [Self.partition: 4] && status.hasJoined)
            #expect(try stored() == ["epoch|commands|0|4"])
            #expect(!positions.mustStartOver)
        }

        @Test func anUnknownPartitionBeginsAtItsBeginning() throws {
            #expect(try positions().assign([Self.partition], consumer) == [Self.partition: 0])
            #expect(try stored() == ["epoch|commands|0|0"])
        }

        /// The log was made anew: the offset that the store remembers means nothing any more.
        @Test func beyondTheEndOfTheLogItIsReadFromItsBeginning() throws {
            try store(11)
            let positions = try positions()
            #expect(positions.recover(Self.partition, consumer) == .offset(0))
            #expect(try stored() == ["epoch|commands|0|0"])
            #expect(cursors.all == [Self.partition: 0] && !positions.mustStartOver)
        }

        /// At its very end everything was applied; this is no reason to start over.
        @Test func theEndOfTheLogIsNotBeyondIt() throws {
            try store(10)
            #expect(try positions().assign([Self.partition], consumer) == [Self.partition: 10])
            #expect(try stored() == ["epoch|commands|0|10"])
        }

        /// Without the store nobody knows where the partition stands: nothing is applied from a guess.
        @Test func withoutTheStoreTheConsumerMustStartOver() throws {
            cursors.set(Self.partition, 7)
            let positions = try positions(PostgresConfiguration(connectionString: "host=/nonexistent dbname=x"))
            #expect(positions.assign([Self.partition], consumer) == nil)
            #expect(cursors.all.isEmpty, "nothing is due any more")
            #expect(!positions.mustStartOver, "a group that is not assigned joins again by itself")
            _ = positions.recover(Self.partition, consumer)
            #expect(positions.mustStartOver && !status.hasJoined)
        }

        @Test func aPartitionThatIsNotThereCannotBeAssigned() throws {
            let missing = KafkaPartition(topic: Topics.commands, partition: 99)
            let positions = try positions()
            #expect(positions.assign([Self.partition, missing], consumer) == nil)
            #expect(cursors.all.isEmpty)
        }
    }
}
