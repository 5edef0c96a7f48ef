// SPDX-License-Identifier: Apache-2.0
import Cryptography
import FlowDomain
import FlowStore
import JSON
import Kafka
import PostgreSQL
import RoleSupport
import Synchronization
import TestSupport
import Testing
import Threading

@testable import Controller

extension ControllerDatabaseTests {
    @Suite(.serialized) struct BatchApplierTests {
        let connection: PostgresConnection

        init() throws {
            connection = try testDatabase.connect()
            try Log.clear(connection)
        }

        private func apply(_ log: [Inbound], _ range: Range<Int>) throws -> BatchApplier.Committed {
            try Log.applier.apply(
                Array(log[range]), moves: [Log.move(from: range.lowerBound, to: range.upperBound)],
                connection: connection)
        }

        @Test func aBatchTellsWhatToSend() throws {
            try Log.begin(connection)
            let log = [
                Log.command(0, "CreateFlow", "a", replyTo: "api-1"), Log.command(1, "StartFlow", "a", replyTo: "api-2"),
                Log.command(2, "StartFlow", "b", replyTo: "api-1"), Log.command(3, "CreateFlow", "b"),
                Log.command(4, "StartFlow", "b"), Log.command(5, "CancelFlowExecutions", "b"),
                Log.command(6, "CreateFlow", "c", expired: true, replyTo: "api-1"),
                Log.message(7, kind: "millrace.command.v1", value: "{"),
                Log.message(8, kind: "com.example.other", value: "{}"),
            ]
            let committed = try apply(log, 0..<9)
            let effects = committed.effects
            #expect(
                effects.outcomes.mapValues { $0.map { $0.isSuccess } } == ["api-1": [true, false], "api-2": [true]])
            #expect(effects.offers == [RunOffer(runID: Log.id(1))], "a run that was cancelled again is not offered")
            #expect(effects.expired == 1 && effects.deadLetters == 2)
            #expect(committed.outboxRows.map { $0.topic } == ["dead-letters", "dead-letters", "run-events"])
            let event = try RunEvent(
                decoding: JSONValue.parse(Array(try #require(committed.outboxRows.last).value.utf8)))
            #expect(event.kind == .cancelled && event.runID == Log.id(4))
            let stored = try connection.lines("SELECT id, topic, message_key, headers, value FROM outbox ORDER BY id")
            #expect(
                stored == committed.outboxRows.map { "\($0.id)|\($0.topic)|\($0.key)|\($0.headers)|\($0.value)" })
            #expect(try connection.lines("SELECT name FROM flows ORDER BY name") == ["a", "b"])
            #expect(try Log.position(connection) == 9)
        }

        @Test func eventsChangeTheActivityOfFlows() throws {
            try Log.begin(connection)
            let log = [
                Log.command(0, "CreateFlow", "a"), Log.event(1, .started, flow: 0, run: 50),
                Log.event(2, .failed, flow: 0, run: 50), Log.event(3, .failed, flow: 0, run: 50),
                Log.event(4, .progress, flow: 0, run: 50), Log.event(5, .started, flow: 99, run: 51),
            ]
            _ = try apply(log, 0..<1)
            _ = try apply(log, 1..<6)
            #expect(
                try connection.lines(
                    "SELECT last_run_state, consecutive_failures, runs_ended, version FROM flow_activity") == [
                        "Error|1|1|2"
                    ])
        }

        @Test func aWrongOffsetIsToldApart() throws {
            try Log.begin(connection)
            let log = [Log.command(0, "CreateFlow", "a"), Log.command(1, "CreateFlow", "b")]
            _ = try apply(log, 0..<1)
            let error = #expect(throws: PostgresError.self) {
                try Log.applier.apply([log[1]], moves: [Log.move(from: 0, to: 2)], connection: connection)
            }
            #expect(error?.stepIndex == 0 && error.map(StoreGuard.lostRace) == true)
            #expect(try connection.lines("SELECT name FROM flows") == ["a"])
        }

        /// Two controllers that both believe that the partition is theirs: each batch is applied by one of them, and what
        /// comes out is what one alone would have made.
        @Test(arguments: 1...4)
        func twoOwnersOfOnePartitionAgree(_ seed: UInt64) throws {
            let log = Log.random(120, seed: seed)
            try Log.begin(connection)
            for index in log.indices { _ = try apply(log, index..<index + 1) }
            let expected = try Log.dump(connection)
            try Log.clear(connection)
            try Log.begin(connection)

            let won = Mutex<[Range<Int>]>([])
            let problems = Mutex<[String]>([])
            let threads = (0..<2).map { owner in
                NamedThread("owner-\(owner)") {
                    do {
                        let mine = try testDatabase.connect()
                        defer { mine.close() }
                        while true {
                            let from = try Log.position(mine)
                            if from == log.count { return }
                            let to = min(log.count, from + Int.random(in: 1...9))
                            do {
                                _ = try Log.applier.apply(
                                    Array(log[from..<to]), moves: [Log.move(from: from, to: to)], connection: mine)
                                won.withLock { $0.append(from..<to) }
                            } catch let error as PostgresError where StoreGuard.lostRace(error) && error.stepIndex == 0
                            {
                                continue
                            }
                        }
                    } catch {
                        problems.withLock { $0.append("\(error)") }
                    }
                }
            }
            for thread in threads { thread.join() }
            #expect(problems.withLock { $0 } == [])
            let ranges = won.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound }
            #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == log.count)
            for (earlier, later) in zip(ranges, ranges.dropFirst()) { #expect(earlier.upperBound == later.lowerBound) }
            #expect(try Log.dump(connection) == expected)
        }

        /// Somebody changes the rows all the time: the batch locks them in the end, and goes through.
        @Test func contentionIsNoError() throws {
            try Log.begin(connection)
            _ = try apply([Log.command(0, "CreateFlow", "a")], 0..<1)
            let isOver = Atomic<Bool>(false)
            let changes = Atomic<Int>(0)
            let rival = NamedThread("rival") {
                guard let other = try? testDatabase.connect() else { return }
                defer { other.close() }
                while !isOver.load(ordering: .acquiring) {
                    _ = try? other.execute(SQLStatement("bump", "UPDATE flows SET version = version + 1"), [])
                    changes.add(1, ordering: .relaxed)
                }
            }
            defer {
                isOver.store(true, ordering: .releasing)
                rival.join()
            }
            let log = (0...40).map { Log.command($0, "UpdateFlow", "a") }
            for offset in 1...40 { _ = try apply(log, offset..<offset + 1) }
            #expect(try connection.lines("SELECT revision FROM flows") == ["41"])
            #expect(changes.load(ordering: .relaxed) > 0)
        }

        @Test func aBuriedCommandIsAnsweredAndPassed() throws {
            try Log.begin(connection)
            let poison = Log.command(0, "CreateFlow", "po\u{0}ison", replyTo: "api-1")
            let error = #expect(throws: PostgresError.self) { try apply([poison], 0..<1) }
            #expect(error?.kind == .permanent)
            let committed = try Log.applier.bury(
                poison, reason: "because", moves: [Log.move(from: 0, to: 1)], connection: connection)
            #expect(committed.effects.outcomes["api-1"]?.map { $0.isSuccess } == [false])
            #expect(committed.effects.deadLetters == 1)
            let letter = try JSONValue.parse(Array(try #require(committed.outboxRows.first).value.utf8))
            #expect(letter["reason"] == "because" && letter["offset"] == 0 && letter["topic"] == "commands")
            #expect(letter["value"]?.stringValue?.contains("CreateFlow") == true)
            #expect(try Log.position(connection) == 1)
        }

        /// Nobody waits for it: who asks later is told that it failed, and not that it is pending.
        @Test func theFailureOfABuriedCommandThatNobodyWaitsForIsKept() throws {
            try Log.begin(connection)
            for offset in 0..<2 {
                let poison = Log.command(0, "CreateFlow", "po\u{0}ison", isAsync: true)
                _ = try Log.applier.bury(
                    poison, reason: "because", moves: [Log.move(from: offset, to: offset + 1)], connection: connection)
            }
            let kept = try #require(
                try FlowReader(connection).outcome(.outcome(account: "123456789012", id: Log.id(0))))
            guard case .failure(let code, let message) = try #require(kept.outcome).result else {
                Issue.record("kept as a success")
                return
            }
            #expect(code == "InternalServerException" && message.contains("dead letters"))
            #expect(try Log.position(connection) == 2, "what was told before stands in nobody's way")
        }

        /// Where not even the failure can be kept, those behind go on.
        @Test func whatCannotBeToldIsPassed() throws {
            try Log.begin(connection)
            let long = (0..<400).map { _ in UUIDs.v4() }.joined()
            let value = #"{"id":"\#(Log.id(0))","account":"\#(long)","async":true}"#
            let unreadable = Log.message(0, kind: "millrace.command.v1", value: value)
            #expect(throws: PostgresError.self) { try apply([unreadable], 0..<1) }
            let committed = try Log.applier.bury(
                unreadable, reason: "because", moves: [Log.move(from: 0, to: 1)], connection: connection)
            #expect(committed.effects.deadLetters == 1 && committed.outboxRows.count == 1)
            #expect(try Log.position(connection) == 1)
        }

        /// A newer api sends what this controller cannot read: whoever asked is told at once.
        @Test func whoSentWhatCannotBeReadIsTold() throws {
            try Log.begin(connection)
            func unreadable(_ offset: Int, _ more: String) -> Inbound {
                let value = #"{"id":"\#(Log.id(offset))","account":"123456789012","kind":"of-tomorrow"\#(more)}"#
                return Log.message(offset, kind: "millrace.command.v1", value: value)
            }
            let log = [
                unreadable(0, #","replyTo":"api-1""#), unreadable(1, #","async":true"#), unreadable(2, ""),
                Log.message(3, kind: "millrace.command.v1", value: #"{"id":"no uuid","replyTo":"api-1"}"#),
                Log.command(4, "CreateFlow", "a"),
            ]
            let committed = try apply(log, 0..<5)
            let told = committed.effects.outcomes
            #expect(told.mapValues { $0.map(\.commandID) } == ["api-1": [Log.id(0)]])
            #expect(told["api-1"]?.first?.isSuccess == false && committed.effects.deadLetters == 4)
            #expect(try connection.lines("SELECT token FROM command_outcomes") == [Log.id(1)])
            #expect(try connection.lines("SELECT name FROM flows") == ["a"])
        }
    }
}
