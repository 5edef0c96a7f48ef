// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL
import TestSupport
import Testing

@testable import FlowStore

extension FlowStoreTests {
    @Suite(.serialized) struct MaintenanceStoreTests {
        let store: Store

        init() throws { store = try Store() }

        @Test func forgetsExpiredOutcomes() throws {
            try store.apply((1...5).map { Store.command($0, "CreateFlow", "f\($0)", token: "t\($0)") })
            #expect(try MaintenanceStore.purgeOutcomes(store.connection, limit: 10) == 0)
            try store.connection.script(
                "UPDATE command_outcomes SET expires_at = clock_timestamp() - interval '1 s' WHERE token <> 't5'")
            #expect(try MaintenanceStore.purgeOutcomes(store.connection, limit: 3) == 3)
            #expect(try MaintenanceStore.purgeOutcomes(store.connection, limit: 3) == 1)
            #expect(try store.connection.lines("SELECT token FROM command_outcomes") == ["t5"])
        }

        /// Nobody can retry with the token that a command was given for want of another.
        @Test func ownTokensAreKeptBriefly() throws {
            let own = Command.ownToken(id: Store.id(1))
            try store.apply([
                Store.command(1, "CreateFlow", "a", token: own), Store.command(2, "CreateFlow", "b", token: "client's"),
                Store.command(3, "CreateFlow", "c", token: Command.ownToken(id: Store.id(9))),
            ])
            #expect(
                try store.connection.lines(
                    """
                    SELECT token, extract(epoch FROM date_trunc('hour', expires_at - clock_timestamp() + interval '1 minute'))::int
                    FROM command_outcomes ORDER BY expires_at, token
                    """)
                    == ["\(own)|0", "client's|28800", "\(Command.ownToken(id: Store.id(9)))|28800"])
            let brief = try store.connection.count(
                "command_outcomes",
                where:
                    "expires_at BETWEEN clock_timestamp() + interval '2 min' AND clock_timestamp() + interval '5 min'")
            #expect(brief == 1)
        }

        @Test func measuresTheBacklog() throws {
            #expect(try MaintenanceStore.backlog(store.connection) == (0, 0, 0, 0))
            try store.startRuns(1...3)
            _ = try store.claim([1001, 1002])
            _ = try store.runs.write([Store.end(1001, 1)])
            try store.connection.script("UPDATE outbox SET created_at = created_at - interval '1 hour'")
            let backlog = try MaintenanceStore.backlog(store.connection)
            #expect((backlog.queued, backlog.inProgress, backlog.outbox) == (1, 1, 1))
            #expect(backlog.outboxAgeSeconds >= 3_600)
        }

        private var partitions: [String] {
            get throws {
                try store.connection.lines(
                    "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'run_history'::regclass ORDER BY 1::text"
                )
            }
        }

        private func month(_ ahead: Int) throws -> String {
            try #require(
                try store.connection.value(
                    "SELECT 'run_history_' || to_char(date_trunc('month', now() AT TIME ZONE 'UTC') "
                        + "+ interval '\(ahead) months', 'YYYY_MM')"))
        }

        @Test func monthsOfHistoryComeAndGo() throws {
            let months = try (0...3).map(month)
            #expect(Set(try partitions) == Set(months + ["run_history_default"]))
            try store.connection.script(
                """
                CREATE TABLE run_history_2020_01 PARTITION OF run_history FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z');
                DROP TABLE \(try month(2))
                """)
            try MaintenanceStore.turnHistory(store.connection, retentionDays: 40_000)
            #expect(Set(try partitions) == Set(months + ["run_history_default", "run_history_2020_01"]))
            try MaintenanceStore.turnHistory(store.connection, retentionDays: 90)
            #expect(Set(try partitions) == Set(months + ["run_history_default"]))
            try MaintenanceStore.turnHistory(store.connection, retentionDays: 1)
            #expect(try partitions.contains(try month(0)), "the month that goes on stays, however short the retention")
        }

        @Test func anEndFindsItsMonthOrTheDefault() throws {
            try store.startRuns(1...2)
            _ = try store.claim([1001, 1002])
            let far: Int64 = 4_102_444_800_000_000
            let now = try #require(
                Int64(try store.connection.value("SELECT millrace_microseconds(clock_timestamp())") ?? ""))
            for (run, time) in [(1001, far), (1002, now)] {
                _ = try store.runs.write([
                    .end(
                        runID: Store.id(run), attempt: 1, state: .successful, endedAt: time, figures: RunFigures(),
                        message: "", eventHeaders: "{}", eventValue: "{}")
                ])
            }
            #expect(
                try store.connection.lines("SELECT tableoid::regclass FROM run_history ORDER BY run_id")
                    == ["run_history_default", try month(0)])
        }

        // MARK: Ends that no event told of

        private func end(_ run: Int, _ state: RunState = .successful) throws {
            _ = try store.claim([run])
            let now = try #require(
                Int64(try store.connection.value("SELECT millrace_microseconds(clock_timestamp())") ?? ""))
            let result = try store.runs.write([
                .end(
                    runID: Store.id(run), attempt: 1, state: state, endedAt: now,
                    figures: RunFigures(records: 1, bytesRead: 2, bytesWritten: 3), message: "m\(run)",
                    eventHeaders: "{}", eventValue: "{}")
            ])
            #expect(result != [.fenced])
        }

        private func apply(_ events: [RunEvent]) throws {
            var all = try ActivityStore.load(store.connection, flowUUIDs: Array(Set(events.map { $0.flowUUID })))
            for event in events where all[event.flowUUID]?.activity.apply(event) == true {
                all[event.flowUUID]?.changed = true
            }
            guard let step = ActivityStore.saveStep(all) else { return }
            _ = try store.connection.pipeline([step], transaction: true)
        }

        @Test func endsThatNoEventToldOfAreFound() throws {
            try store.startRuns(1...2)
            try end(1001, .error)
            let event = try #require(try MaintenanceStore.unappliedEnds(store.connection, limit: 9).first)
            #expect(event.kind == .failed && event.runID == Store.id(1001) && event.flowUUID == Store.id(1))
            #expect(event.sequence == RunEvent.endSequence && event.attempt == 1 && event.message == "m1001")
            #expect(event.figures == RunFigures(records: 1, bytesRead: 2, bytesWritten: 3))
            #expect(event.account == Store.account && event.flowName == "flow-1")
            try apply([event])
            #expect(try MaintenanceStore.unappliedEnds(store.connection, limit: 9).isEmpty)
            let activity = try ActivityStore.load(store.connection, flowUUIDs: [Store.id(1)])[Store.id(1)]?.activity
            #expect(activity?.consecutiveFailures == 1 && activity?.runsEnded == 1)
        }

        @Test func severalEndsComeInOrder() throws {
            try store.startRuns(1...1)
            for run in [1001, 1002, 1003] {
                if run > 1001 { try store.apply([Store.command(run, "StartFlow", "flow-1")]) }
                try end(run, .error)
            }
            try apply(try MaintenanceStore.unappliedEnds(store.connection, limit: 2))
            let rest = try MaintenanceStore.unappliedEnds(store.connection, limit: 9)
            #expect(rest.map { $0.runID } == [Store.id(1003)])
            try apply(rest)
            let activity = try ActivityStore.load(store.connection, flowUUIDs: [Store.id(1)])[Store.id(1)]?.activity
            #expect(activity?.consecutiveFailures == 3 && activity?.lastRun == Store.id(1003))
        }

        /// An earlier run's event was lost, a later run's was not.
        @Test func anEndBeforeAnotherIsFound() throws {
            try store.startRuns(1...1)
            try end(1001, .error)
            try store.apply([Store.command(1_002, "StartFlow", "flow-1")])
            try end(1002, .error)
            let both = try MaintenanceStore.unappliedEnds(store.connection, limit: 9)
            #expect(both.map { $0.runID } == [Store.id(1001), Store.id(1002)])
            try apply([both[1]])
            #expect(try MaintenanceStore.unappliedEnds(store.connection, limit: 9).map { $0.runID } == [Store.id(1001)])
            try apply([both[0]])
            #expect(try MaintenanceStore.unappliedEnds(store.connection, limit: 9).isEmpty)
            let activity = try ActivityStore.load(store.connection, flowUUIDs: [Store.id(1)])[Store.id(1)]?.activity
            #expect(activity?.consecutiveFailures == 2 && activity?.lastRun == Store.id(1002))
        }

        @Test func anEndAfterProgressIsFound() throws {
            try store.startRuns(1...1)
            let claimed = try #require(try store.claim([1001]).first)
            try apply([
                RunEvent(
                    kind: .progress, account: Store.account, flowUUID: Store.id(1), flowName: "flow-1",
                    runID: Store.id(1001), attempt: 1, sequence: 4, queuedAt: claimed.queuedAt, startedAt: nil,
                    occurredAt: claimed.startedAt, figures: RunFigures(), message: "")
            ])
            #expect(try MaintenanceStore.unappliedEnds(store.connection, limit: 9).isEmpty)
            try end(1001)
            #expect(try MaintenanceStore.unappliedEnds(store.connection, limit: 9).map { $0.runID } == [Store.id(1001)])
        }

        @Test func oldEndsAndThoseOfDeletedFlowsDoNotMatter() throws {
            try store.startRuns(1...2)
            try end(1001)
            try end(1002)
            try store.apply([Store.command(5, "DeleteFlow", "flow-2")])
            _ = try OffsetStore.load(store.connection, epoch: "e", partitions: [("run-events", 0, 0)])
            #expect(try MaintenanceStore.unappliedEnds(store.connection, limit: 9).map { $0.runID } == [Store.id(1001)])
            try store.connection.script(
                "UPDATE consumer_offsets SET updated_at = clock_timestamp() + interval '1 hour'")
            #expect(try MaintenanceStore.unappliedEnds(store.connection, limit: 9).isEmpty)
        }
    }
}
