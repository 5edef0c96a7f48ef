// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Kafka
import Observability
import PostgreSQL
import RoleSupport
import TestSupport
import Testing
import Threading

@testable import Controller

extension ControllerDatabaseTests {
    /// A whole controller on a broker and a database of its own.
    @Suite(.serialized) struct ControllerRoleTests {
        /// What the database refuses for good is found in the midst of a batch and put aside; all else is applied, once.
        @Test func poisonIsBuriedAndAllElseApplied() throws {
            let connection = try testDatabase.connect()
            defer { connection.close() }
            try Log.clear(connection)
            let broker = try TestBroker()
            let stop = StopSignal()
            let bus = broker.makeBus(stop: stop)
            _ = try #require(bus.awaitEndpoint())

            // All of it waits before the controller comes, so that it makes one batch.
            let poison: Set<Int> = [3, 17, 18, 40]
            let unreadable: Set<Int> = [25]
            let delivered = Mailbox<Bool>()
            for number in 0..<50 {
                let name = poison.contains(number) ? "po\u{0}ison\(number)" : "flow\(number)"
                var message = Log.command(number, "CreateFlow", name, replyTo: "me").message
                if unreadable.contains(number) { message = Log.message(number, kind: "unknown", value: "{}").message }
                bus.send(topic: Topics.commands, key: "one", headers: message.headers, value: message.value ?? []) {
                    _ = delivered.offer($0 == nil)
                }
            }
            for _ in 0..<50 { #expect(delivered.take(upTo: 1, timeoutMilliseconds: 20_000) == [true]) }

            let role = ControllerRole(
                configuration: ControllerConfiguration(
                    database: try testDatabase.configuration(), instance: "controller-1"),
                bus: bus, metrics: MetricsRegistry(), logger: testLogger, stop: stop)
            role.start()
            let consumer = try broker.consumer(of: Topics.deadLetters, Topics.outcomes)
            var letters: [Int: String] = [:]
            var outcomes: [String: [Bool]] = [:]
            let end = MonotonicClock.milliseconds + 60_000
            while (letters.count < 5 || outcomes.count < 49) && MonotonicClock.milliseconds < end {
                for message in try consumer.poll(maximumMessages: 100, timeoutMilliseconds: 100) {
                    let value = try JSONValue.parse(message.value ?? [])
                    if message.topic == Topics.deadLetters {
                        letters[value["offset"]?.intValue ?? -1] = value["reason"]?.stringValue ?? ""
                    } else {
                        for outcome in try Outcome.decodedBatch(value) {
                            outcomes[outcome.commandID, default: []].append(outcome.isSuccess)
                        }
                    }
                }
            }
            consumer.close(deadlineMilliseconds: 2_000)
            stop.raise()
            role.shutdown(deadlineMilliseconds: 2_000)

            #expect(Set(letters.keys) == poison.union(unreadable))
            #expect(letters[25] == "unknown message type")
            #expect(letters[3]?.hasPrefix("the database refuses it") == true)
            let applied = Set(0..<50).subtracting(poison).subtracting(unreadable)
            for number in 0..<50 where !unreadable.contains(number) {
                #expect(outcomes[Log.id(number)] == [applied.contains(number)], "command \(number)")
            }
            #expect(
                try connection.lines("SELECT uuid FROM flows ORDER BY uuid") == applied.sorted().map { Log.id($0) })
            #expect(try connection.lines("SELECT next_offset FROM consumer_offsets WHERE topic = 'commands'") == ["50"])
            #expect(try connection.lines("SELECT count(*) FROM outbox") == ["0"], "what was delivered is forgotten")
        }
    }
}
