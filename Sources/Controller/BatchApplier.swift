// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import Kafka
import PostgreSQL
import RoleSupport

/// Applies a batch of messages in one transaction, offsets and effects together.
struct BatchApplier {
    /// After so many lost races the rows are locked first: contention is never an error.
    private static let optimisticTries = 3
    private static let maximumTries = 20

    let epoch: String
    let source: String
    var quotas = Quotas()

    /// What a batch came to.
    struct Committed {
        let effects: Effects
        /// The outbox rows of `effects.outbox`, with their ids.
        let outboxRows: [OutboxStore.Row]
    }

    /// Applies messages whose partitions stand at `moves[…].from`, which must be the offset of their first.
    /// - Throws: `PostgresError`; one whose `stepIndex` is 0 and that lost a race means that a partition is not where this
    ///   consumer believes it to be.
    func apply(
        _ batch: [Inbound], moves: [OffsetStore.Move], connection: PostgresConnection
    ) throws -> Committed {
        var tries = 0
        while true {
            tries += 1
            do {
                if tries <= Self.optimisticTries {
                    let prepared = try prepare(batch, connection: connection, locking: false)
                    return try commit(prepared, moves: moves) { try connection.pipeline($0, transaction: true) }
                }
                return try connection.transaction { connection in
                    let prepared = try prepare(batch, connection: connection, locking: true)
                    return try commit(prepared, moves: moves) { try connection.pipelineAndCommit($0) }
                }
            } catch let error as PostgresError
                where StoreGuard.lostRace(error) && error.stepIndex != 0 && tries < Self.maximumTries
            {
                continue
            }
        }
    }

    /// Moves past one message that cannot be applied, leaving a dead letter and answering whoever waits.
    func bury(
        _ item: Inbound, reason: String, moves: [OffsetStore.Move], connection: PostgresConnection
    ) throws -> Committed {
        var effects = Effects(source: source)
        effects.bury(item.message, reason: reason)
        switch item.content {
        case .command(let command): effects.fail(command)
        case .unreadable(_, let asker): if let asker { effects.fail(asker) }
        case .runEvent: break
        }
        func commit(_ steps: [(SQLStatement, [SQLValue])]) throws -> Committed {
            try self.commit(Prepared(effects: effects, steps: steps), moves: moves) {
                try connection.pipeline($0, transaction: true)
            }
        }
        do {
            return try commit(CommandStore.failureSteps(effects.failures))
        } catch let error as PostgresError where error.kind == .permanent && !effects.failures.isEmpty {
            // What cannot even be told must not stop those behind it.
            return try commit([])
        }
    }

    private struct Prepared {
        let effects: Effects
        let steps: [(SQLStatement, [SQLValue])]
    }

    private func prepare(_ batch: [Inbound], connection: PostgresConnection, locking: Bool) throws -> Prepared {
        var effects = Effects(source: source)
        var steps: [(SQLStatement, [SQLValue])] = []
        var commands: [Command] = []
        var events: [RunEvent] = []
        for item in batch {
            switch item.content {
            case .command(let command): commands.append(command)
            case .runEvent(let event): events.append(event)
            case .unreadable(let reason, let asker):
                effects.bury(item.message, reason: reason)
                if let asker { effects.fail(asker) }
            }
        }
        steps += CommandStore.failureSteps(effects.failures)
        if !commands.isEmpty {
            steps += try apply(commands, connection: connection, locking: locking, effects: &effects)
        }
        if !events.isEmpty, let step = try apply(events, connection: connection) { steps.append(step) }
        return Prepared(effects: effects, steps: steps)
    }

    private func apply(
        _ commands: [Command], connection: PostgresConnection, locking: Bool, effects: inout Effects
    ) throws -> [(SQLStatement, [SQLValue])] {
        var (workspace, now) = try CommandStore(connection).load(
            for: commands, locking: locking, quotas: quotas)
        let application = CommandApplication(now: now, quotas: quotas)
        for command in commands {
            if let outcome = application.apply(command, to: &workspace) {
                effects.add(outcome, of: command)
            } else {
                effects.addExpired()
            }
        }
        effects.offer(workspace.newRuns)
        for run in workspace.canceledQueuedRuns { effects.post(run.event(at: now)) }
        return CommandStore.steps(for: workspace, now: now)
    }

    private func apply(
        _ events: [RunEvent], connection: PostgresConnection
    ) throws -> (SQLStatement, [SQLValue])? {
        var activities = try ActivityStore.load(connection, flowUUIDs: Array(Set(events.map { $0.flowUUID })))
        for event in events {
            guard var entry = activities[event.flowUUID] else { continue }
            if entry.activity.apply(event) { entry.changed = true }
            activities[event.flowUUID] = entry
        }
        return ActivityStore.saveStep(activities)
    }

    private func commit(
        _ prepared: Prepared, moves: [OffsetStore.Move],
        run: ([(SQLStatement, [SQLValue])]) throws -> [SQLRows]
    ) throws -> Committed {
        let messages = prepared.effects.outbox
        // The offsets first: whoever does not own them fails before anything else is tried.
        var steps = [OffsetStore.moveStep(epoch: epoch, moves: moves)] + prepared.steps
        if !messages.isEmpty { steps.append(OutboxStore.insertStep(messages)) }
        let answers = try run(steps)
        guard !messages.isEmpty, let ids = answers.last else {
            return Committed(effects: prepared.effects, outboxRows: [])
        }
        let rows = messages.enumerated().map { index, message in
            OutboxStore.Row(
                id: ids.int(index, 0) ?? 0, topic: message.topic, key: message.key, headers: message.headers,
                value: message.value)
        }
        return Committed(effects: prepared.effects, outboxRows: rows)
    }
}
