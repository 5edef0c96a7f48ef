// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Testing

/// A store in memory that takes a workspace's net changes as strictly as the database does.
struct MemoryStore {
    struct Run {
        var live: LiveRun
        let account: String
        let revision: Int64
    }

    struct Violation: Error { let text: String }

    private var flows: [FlowKey: FlowRecord] = [:]
    private var definitions: [String: [Int64: String]] = [:]
    private var runs: [String: Run] = [:]
    private var history: [String: RunState] = [:]
    private var queued: [String: [(run: String, at: Int64)]] = [:]
    private var outcomes: [TokenKey: StoredOutcome] = [:]

    /// Applies steps, commands in batches of the sizes that `size` gives.
    mutating func play(_ steps: [Step], size: () -> Int) throws -> [Int: Outcome] {
        var answers: [Int: Outcome] = [:]
        var index = 0
        while index < steps.count {
            if case .worker(let step, let pick) = steps[index] {
                work(step, pick: pick)
                index += 1
                continue
            }
            var batch: [(number: Int, command: Command)] = []
            let limit = size()
            while index < steps.count, batch.count < limit, case .command(let command) = steps[index] {
                batch.append((index, command))
                index += 1
            }
            var workspace = load(batch.map { $0.command })
            let application = CommandApplication(now: Fixtures.now + Int64(batch[0].number) * 1_000)
            for (number, command) in batch { answers[number] = application.apply(command, to: &workspace) }
            try save(workspace)
        }
        return answers
    }

    private func load(_ commands: [Command]) -> FlowWorkspace {
        var needed: [FlowKey: Bool] = [:]
        for command in commands {
            let key = FlowKey(account: command.account, name: command.flowName)
            needed[key] = needed[key] == true || command.operation == "UpdateFlow"
        }
        let found = needed.compactMap { key, isWhole -> FlowRecord? in
            guard var flow = flows[key] else { return nil }
            flow.definition = isWhole ? definitions[flow.uuid]?[flow.revision] : nil
            return flow
        }
        let uuids = Set(found.map { $0.uuid })
        let wanted = Set(commands.compactMap { TokenKey($0) })
        return FlowWorkspace(
            flows: found, runs: runs.values.map { $0.live }.filter { uuids.contains($0.flowUUID) },
            outcomes: outcomes.filter { wanted.contains($0.key) })
    }

    private mutating func save(_ workspace: FlowWorkspace) throws {
        for (uuid, expected) in workspace.deletedFlows {
            guard let key = flows.first(where: { $0.value.uuid == uuid })?.key, flows[key]?.version == expected else {
                throw Violation(text: "deleted flow")
            }
            flows[key] = nil
            definitions[uuid] = nil
        }
        for flow in workspace.insertedFlows {
            let key = FlowKey(account: flow.account, name: flow.name)
            if flows[key] != nil { throw Violation(text: "flow exists") }
            flows[key] = flow
            definitions[flow.uuid, default: [:]][flow.revision] = flow.definition
        }
        for (flow, expected) in workspace.updatedFlows {
            let key = FlowKey(account: flow.account, name: flow.name)
            if flows[key]?.version != expected || flows[key]?.uuid != flow.uuid { throw Violation(text: "version") }
            flows[key] = flow
            if let text = flow.definition { definitions[flow.uuid, default: [:]][flow.revision] = text }
        }
        for flow in workspace.supersededDefinitions {
            if definitions[flow.uuid]?[flow.revision] != nil { throw Violation(text: "definition exists") }
            definitions[flow.uuid, default: [:]][flow.revision] = flow.definition
        }
        for id in workspace.cancelStartedRuns {
            guard let run = runs[id], run.live.state == .inProgress, !run.live.hasManifest else {
                throw Violation(text: "run in progress")
            }
            runs[id]?.live.state = .cancelStarted
        }
        for canceled in workspace.canceledQueuedRuns {
            if let start = canceled.start {
                queued[start.flowUUID, default: []].append((start.runID, start.queuedAt))
            } else {
                guard let run = runs.removeValue(forKey: canceled.run.runID), run.live.state == .queued,
                    run.live.attempt == canceled.run.attempt, !run.live.hasManifest
                else { throw Violation(text: "run still queued") }
            }
            history[canceled.run.runID] = .canceled
        }
        for run in workspace.newRuns {
            if runs.values.contains(where: { $0.live.flowUUID == run.flowUUID }) {
                throw Violation(text: "a flow has one run at a time")
            }
            let live = LiveRun(
                runID: run.runID, flowUUID: run.flowUUID, state: .queued, attempt: 0, queuedAt: run.queuedAt)
            runs[run.runID] = Run(live: live, account: run.account, revision: run.revision)
            queued[run.flowUUID, default: []].append((run.runID, run.queuedAt))
        }
        for (key, outcome) in workspace.newOutcomes {
            if outcomes[key] != nil { throw Violation(text: "token exists") }
            outcomes[key] = outcome
        }
    }

    private mutating func work(_ step: Step.WorkerStep, pick: Int) {
        let ids = runs.keys.sorted()
        if ids.isEmpty { return }
        guard let run = runs[ids[pick % ids.count]] else { return }
        let live = run.live
        func changed(_ state: RunState, attempt: Int64, hasManifest: Bool) -> Run {
            Run(
                live: LiveRun(
                    runID: live.runID, flowUUID: live.flowUUID, state: state, attempt: attempt,
                    queuedAt: live.queuedAt, hasManifest: hasManifest), account: run.account, revision: run.revision)
        }
        switch step {
        case .claim where live.state == .queued:
            runs[live.runID] = changed(.inProgress, attempt: live.attempt + 1, hasManifest: live.hasManifest)
        case .manifest where live.state == .inProgress:
            runs[live.runID] = changed(.inProgress, attempt: live.attempt, hasManifest: true)
        case .giveBack where live.state == .inProgress:
            runs[live.runID] = changed(.queued, attempt: live.attempt, hasManifest: live.hasManifest)
        case .end where live.state != .queued:
            runs[live.runID] = nil
            history[live.runID] = live.state == .cancelStarted ? .canceled : .successful
        default: break
        }
    }

    var summary: StoreSummary {
        var summary = StoreSummary()
        for flow in flows.values {
            summary.flows.insert(
                "\(flow.account)/\(flow.name) \(flow.uuid) v\(flow.version) r\(flow.revision) s\(flow.schemaVersion) "
                    + "\(flow.status.rawValue) \(flow.triggerType) \(flow.description ?? "-") "
                    + "\((try? JSONValue.parse(Array(flow.tags.utf8)).objectValue)?.keys.sorted() ?? [])")
        }
        for (uuid, revisions) in definitions {
            for (revision, text) in revisions {
                let input = try? JSONValue.parse(Array(text.utf8))
                summary.definitions.insert("\(uuid) r\(revision) \(input?["description"]?.stringValue ?? "-")")
            }
        }
        for run in runs.values {
            let live = run.live
            summary.runs.insert(
                "\(live.runID) of \(live.flowUUID) r\(run.revision) \(live.state.rawValue) \(live.attempt) "
                    + "\(live.hasManifest)")
        }
        for (id, state) in history { summary.history.insert("\(id) \(state.rawValue)") }
        for key in outcomes.keys { summary.tokens.insert("\(key.account) \(key.operation) \(key.scope) \(key.token)") }
        return summary
    }

    /// Runs of a flow must sort by their time in the order in which they were started.
    func checkRunOrder() throws {
        for (uuid, runs) in queued {
            let byStart = runs.sorted { $0.run < $1.run }
            for (earlier, later) in zip(byStart, byStart.dropFirst()) {
                #expect(earlier.at < later.at, "runs \(earlier.run) and \(later.run) of \(uuid)")
            }
        }
    }
}
