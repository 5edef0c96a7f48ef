// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
import JSON
public import PostgreSQL

/// What a batch of commands reads and writes, on one connection: a round trip to load, a round trip to commit.
public struct CommandStore {
    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// Loads what the commands need.
    /// - Parameters:
    ///   - locking: takes row locks, in id order, for a batch that keeps losing races; only inside a transaction.
    ///   - quotas: how much an account may have. Where commands create some, what their accounts have is counted, once for
    ///     the batch, and no further than the quota can tell.
    /// - Returns: the workspace and the database's time in microseconds since 1970.
    public func load(for commands: [Command], locking: Bool = false, quotas: Quotas = Quotas()) throws -> (
        FlowWorkspace, now: Int64
    ) {
        var needs: [FlowKey: Bool] = [:]
        var tokens: Set<TokenKey> = []
        let resources = ResourceNeeds(commands)
        for command in commands {
            if command.resource.kind == .flow {
                let key = FlowKey(account: command.account, name: command.flowName)
                // Only an update compares with the definition that stands.
                needs[key] = (needs[key] ?? false) || command.operation == "UpdateFlow"
            }
            if let token = TokenKey(command) { tokens.insert(token) }
            if command.isAsync { tokens.insert(.outcome(of: command)) }
        }
        let keys = Array(needs)
        let accounts = SQLValue.textArray(keys.map { $0.key.account })
        let names = SQLValue.textArray(keys.map { $0.key.name })
        let tokenList = Array(tokens)
        if locking {
            _ = try connection.pipeline(
                [(CommandStatements.lockFlows, [accounts, names]), (CommandStatements.lockRuns, [accounts, names])]
                    + resources.lockStatements, transaction: false)
        }
        var questions: [(SQLStatement, [SQLValue])] = [
            (CommandStatements.now, []),
            (CommandStatements.loadFlows, [accounts, names, .boolArray(keys.map { $0.value })]),
            (CommandStatements.loadRuns, [accounts, names]),
            (
                CommandStatements.loadOutcomes,
                [
                    .textArray(tokenList.map { $0.account }), .textArray(tokenList.map { $0.operation }),
                    .textArray(tokenList.map { $0.scope }), .textArray(tokenList.map { $0.token }),
                ]
            ),
        ]
        questions += resources.loadStatements
        let flows = Self.counting(CommandStatements.countFlows, "CreateFlow", commands, quotas.flows)
        let profiles = Self.counting(
            ResourceStatements.countProfiles, "CreateConnectorProfile", commands, quotas.profiles)
        var answers = try connection.pipeline(questions + flows + profiles, transaction: false)
        let profileCounts = profiles.isEmpty ? [:] : answers.popLast().map(Self.counts) ?? [:]
        let counts = flows.isEmpty ? [:] : answers.popLast().map(Self.counts) ?? [:]
        let workspace = FlowWorkspace(
            flows: FlowRows.records(answers[1]), runs: Self.runs(answers[2]), outcomes: Self.outcomes(answers[3]),
            flowCounts: counts,
            resources: resources.workspace(Array(answers.dropFirst(4)), profileCounts: profileCounts))
        return (workspace, answers[0].int(0, 0) ?? 0)
    }

    /// The question of how much the accounts have of what commands create; none where no quota asks.
    private static func counting(
        _ statement: SQLStatement, _ operation: String, _ commands: [Command], _ quota: Int?
    ) -> [(SQLStatement, [SQLValue])] {
        guard let quota else { return [] }
        let creating = Set(commands.filter { $0.operation == operation }.map(\.account))
        // Each of the batch's deletions may make room below what was counted.
        let limit = Int64(quota + commands.count)
        return creating.isEmpty ? [] : [(statement, [.textArray(creating.sorted()), .int(limit)])]
    }

    private static func counts(_ rows: SQLRows) -> [String: Int] {
        var counts: [String: Int] = [:]
        for row in 0..<rows.count {
            if let account = rows.text(row, 0) { counts[account] = Int(rows.int(row, 1) ?? 0) }
        }
        return counts
    }

    /// The steps that write a workspace's changes; each guarded, for one transaction.
    public static func steps(for workspace: FlowWorkspace, now: Int64) -> [(SQLStatement, [SQLValue])] {
        var steps: [(SQLStatement, [SQLValue])] = []
        // Deletes first: a name that is deleted and created again in one batch is free by then.
        let deleted = workspace.deletedFlows
        if !deleted.isEmpty {
            add(
                CommandStatements.deleteFlows,
                [.textArray(deleted.map { $0.uuid }), .intArray(deleted.map { $0.expectedVersion })], to: &steps)
        }
        addInserts(workspace.insertedFlows, to: &steps)
        addUpdates(workspace.updatedFlows, to: &steps)
        addDefinitions(workspace.supersededDefinitions, to: &steps)
        steps += ResourceSteps.make(workspace.resources)
        if !workspace.cancelStartedRuns.isEmpty {
            add(CommandStatements.startCancel, [.textArray(workspace.cancelStartedRuns)], to: &steps)
        }
        // Ends before starts: a flow has one live run at a time.
        let canceled = workspace.canceledQueuedRuns.filter { $0.start == nil }
        if !canceled.isEmpty {
            add(
                CommandStatements.cancelQueued,
                [
                    .textArray(canceled.map { $0.run.runID }), .intArray(canceled.map { $0.run.attempt }), .int(now),
                    .text(CanceledRun.message),
                ], to: &steps)
        }
        addCanceled(workspace.canceledQueuedRuns.compactMap { $0.start }, now: now, to: &steps)
        addRuns(workspace.newRuns, to: &steps)
        addOutcomes(workspace.newOutcomes, now: now, to: &steps)
        return steps
    }

    /// The steps that keep why commands failed that nobody waits for and that are not applied.
    public static func failureSteps(
        _ failures: [(key: TokenKey, outcome: StoredOutcome)]
    ) -> [(SQLStatement, [SQLValue])] {
        if failures.isEmpty { return [] }
        let sorted = failures.sorted { $0.key.token < $1.key.token }
        return [
            (
                CommandStatements.keepFailures,
                [
                    .textArray(sorted.map { $0.key.account }), .textArray(sorted.map { $0.key.operation }),
                    .textArray(sorted.map { $0.key.scope }), .textArray(sorted.map { $0.key.token }),
                    .textArray(sorted.map { $0.outcome.response }),
                ]
            )
        ]
    }

    private static func add(
        _ statement: SQLStatement, _ values: [SQLValue], to steps: inout [(SQLStatement, [SQLValue])]
    ) {
        steps.append((statement, values))
    }

    private static func addInserts(_ flows: [FlowRecord], to steps: inout [(SQLStatement, [SQLValue])]) {
        if flows.isEmpty { return }
        add(
            CommandStatements.insertFlows,
            [
                .textArray(flows.map { $0.uuid }), .textArray(flows.map { $0.account }),
                .textArray(flows.map { $0.name }), .intArray(flows.map { $0.version }),
                .intArray(flows.map { $0.revision }), .intArray(flows.map { $0.schemaVersion }),
                .textArray(flows.map { $0.status.rawValue }), .textArray(flows.map { $0.description }),
                .textArray(flows.map { $0.triggerType }), .textArray(flows.map { $0.sourceType }),
                .textArray(flows.map { $0.destinationType }), .textArray(flows.map { $0.tags }),
                .intArray(flows.map { $0.createdAt }), .textArray(flows.map { $0.createdBy }),
                .textArray(flows.map { $0.definition }),
                .textArray(flows.map { $0.capabilities.joined(separator: " ") }),
            ], to: &steps)
    }

    private static func addUpdates(
        _ updates: [(record: FlowRecord, expectedVersion: Int64)], to steps: inout [(SQLStatement, [SQLValue])]
    ) {
        if updates.isEmpty { return }
        let flows = updates.map { $0.record }
        add(
            CommandStatements.updateFlows,
            [
                .textArray(flows.map { $0.uuid }), .intArray(updates.map { $0.expectedVersion }),
                .intArray(flows.map { $0.version }), .intArray(flows.map { $0.revision }),
                .intArray(flows.map { $0.schemaVersion }), .textArray(flows.map { $0.status.rawValue }),
                .textArray(flows.map { $0.statusMessage }), .textArray(flows.map { $0.description }),
                .textArray(flows.map { $0.triggerType }), .textArray(flows.map { $0.sourceType }),
                .textArray(flows.map { $0.destinationType }), .textArray(flows.map { $0.tags }),
                .intArray(flows.map { $0.updatedAt }), .textArray(flows.map { $0.updatedBy }),
                .textArray(flows.map { $0.definition }),
                .textArray(flows.map { $0.capabilities.joined(separator: " ") }),
            ], to: &steps)
    }

    private static func addRuns(_ runs: [NewRun], to steps: inout [(SQLStatement, [SQLValue])]) {
        // Runs that ask the same of a worker go in together.
        for (capabilities, group) in Dictionary(grouping: runs, by: { $0.capabilities }) {
            add(
                CommandStatements.insertRuns,
                [
                    .textArray(group.map { $0.runID }), .textArray(group.map { $0.account }),
                    .textArray(group.map { $0.flowUUID }), .textArray(group.map { $0.flowName }),
                    .intArray(group.map { $0.revision }), .intArray(group.map { $0.schemaVersion }),
                    .textArray(capabilities), .intArray(group.map { $0.queuedAt }),
                ], to: &steps)
        }
    }

    private static func addDefinitions(_ flows: [FlowRecord], to steps: inout [(SQLStatement, [SQLValue])]) {
        if flows.isEmpty { return }
        add(
            CommandStatements.insertDefinitions,
            [
                .textArray(flows.map { $0.uuid }), .intArray(flows.map { $0.revision }),
                .intArray(flows.map { $0.schemaVersion }), .textArray(flows.map { $0.definition }),
            ], to: &steps)
    }

    private static func addCanceled(_ runs: [NewRun], now: Int64, to steps: inout [(SQLStatement, [SQLValue])]) {
        if runs.isEmpty { return }
        add(
            CommandStatements.insertCanceled,
            [
                .textArray(runs.map { $0.runID }), .textArray(runs.map { $0.account }),
                .textArray(runs.map { $0.flowUUID }), .textArray(runs.map { $0.flowName }),
                .intArray(runs.map { $0.revision }), .intArray(runs.map { $0.queuedAt }), .int(now),
                .text(CanceledRun.message),
            ], to: &steps)
    }

    private static func addOutcomes(
        _ kept: [(key: TokenKey, outcome: StoredOutcome)], now: Int64, to steps: inout [(SQLStatement, [SQLValue])]
    ) {
        if kept.isEmpty { return }
        // In one order everywhere, so that two controllers with the same tokens do not deadlock.
        let outcomes = kept.sorted { ($0.key.token, $0.key.operation) < ($1.key.token, $1.key.operation) }
        add(
            CommandStatements.keepOutcomes,
            [
                .textArray(outcomes.map { $0.key.account }), .textArray(outcomes.map { $0.key.operation }),
                .textArray(outcomes.map { $0.key.scope }), .textArray(outcomes.map { $0.key.token }),
                .textArray(outcomes.map { $0.outcome.digest }), .textArray(outcomes.map { $0.outcome.response }),
                .int(now), .boolArray(outcomes.map { $0.outcome.isBrief }),
                .textArray(outcomes.map { $0.outcome.details?.text ?? "" }),
            ], to: &steps)
    }

    private static func runs(_ rows: SQLRows) -> [LiveRun] {
        (0..<rows.count).map { row in
            LiveRun(
                runID: rows.text(row, 0) ?? "", flowUUID: rows.text(row, 1) ?? "",
                state: RunState(rawValue: rows.text(row, 2) ?? "") ?? .queued, attempt: rows.int(row, 3) ?? 0,
                queuedAt: rows.int(row, 4) ?? 0, hasManifest: rows.bool(row, 5) ?? false)
        }
    }

    private static func outcomes(_ rows: SQLRows) -> [TokenKey: StoredOutcome] {
        var outcomes: [TokenKey: StoredOutcome] = [:]
        for row in 0..<rows.count {
            let key = TokenKey(
                account: rows.text(row, 0) ?? "", operation: rows.text(row, 1) ?? "", scope: rows.text(row, 2) ?? "",
                token: rows.text(row, 3) ?? "")
            outcomes[key] = StoredOutcome(
                digest: rows.text(row, 4) ?? "", response: rows.text(row, 5) ?? "",
                details: OutcomeDetails(text: rows.text(row, 6) ?? ""))
        }
        return outcomes
    }
}
