// SPDX-License-Identifier: Apache-2.0
import JSON

/// Names the stored outcome of a command for a retry to find.
public struct TokenKey: Sendable, Hashable {
    public let account: String
    public let operation: String
    /// What the token is unique within: the flow for StartFlow, else empty.
    public let scope: String
    public let token: String

    public init(account: String, operation: String, scope: String, token: String) {
        self.account = account
        self.operation = operation
        self.scope = scope
        self.token = token
    }

    /// The key under which a command's outcome is kept; nil for a command without a token.
    public init?(_ command: Command) {
        guard let token = command.token else { return nil }
        self.init(
            account: command.account, operation: command.operation,
            scope: command.operation == "StartFlow" ? command.flowName : "", token: token)
    }
}

/// A successful outcome as kept for retries.
public struct StoredOutcome: Sendable, Equatable {
    public let digest: String
    public let response: String
    public let details: OutcomeDetails?
    /// Kept for no longer than the command's own message may come again: nobody can retry with this token.
    public let isBrief: Bool

    public init(digest: String, response: String, details: OutcomeDetails? = nil, isBrief: Bool = false) {
        self.details = details
        self.digest = digest
        self.response = response
        self.isBrief = isBrief
    }

    /// Whether it is the answer to a command with the same token, too: it has to be the same request. Starts of on-demand
    /// flows never refuse a token for another request (AppFlow, StartFlow: clientToken): these name the run.
    public func answers(_ command: Command) -> Bool {
        if digest == command.digest { return true }
        guard command.operation == "StartFlow" else { return false }
        return (try? JSONValue.parse(Array(response.utf8)))?["executionId"] != nil
    }
}

/// A run to be queued.
public struct NewRun: Sendable, Equatable {
    public let runID: String
    public let account: String
    public let flowUUID: String
    public let flowName: String
    public let revision: Int64
    public let schemaVersion: Int64
    /// Microseconds since 1970; runs of one flow never share one, so that it orders them.
    public let queuedAt: Int64
    public let capabilities: [String]
}

/// A run that ends without a worker: it was cancelled while it waited.
public struct CanceledRun: Sendable, Equatable {
    public let run: LiveRun
    public let account: String
    public let flowName: String
    /// The run's start, where that came in the same batch: such a run never becomes a row of the live ones.
    public let start: NewRun?

    /// What the record of such a run says.
    public static let message = "The run was canceled before it started."

    /// The event of its end.
    public func event(at now: Int64) -> RunEvent {
        RunEvent(
            kind: .cancelled, account: account, flowUUID: run.flowUUID, flowName: flowName, runID: run.runID,
            attempt: run.attempt, sequence: RunEvent.endSequence, queuedAt: run.queuedAt, startedAt: nil,
            occurredAt: now, figures: RunFigures(), message: Self.message)
    }
}

/// The rows a batch of commands touches, and what the batch has changed so far. A value: applying commands to it has no
/// other effect, so that a lost race can start over from freshly loaded rows.
public struct FlowWorkspace: Sendable {
    private var flows: RecordChanges<FlowRecord>
    private var runsByFlow: [String: [LiveRun]]
    private var outcomes: [TokenKey: StoredOutcome]

    /// Runs to insert, in the order of their commands; without those that were cancelled again.
    public private(set) var newRuns: [NewRun] = []
    /// Queued runs to end at once.
    public private(set) var canceledQueuedRuns: [CanceledRun] = []
    /// Runs in progress to mark as being cancelled.
    public private(set) var cancelStartedRuns: [String] = []
    /// Outcomes to keep.
    public private(set) var newOutcomes: [(key: TokenKey, outcome: StoredOutcome)] = []
    /// Every state that flows were given, in order.
    private var written: [FlowRecord] = []
    private var lastQueuedAt: [String: Int64] = [:]
    /// Flows of each account; as loaded, plus and minus those of this batch. Only where a quota asks for it.
    private var flowCounts: [String: Int]
    /// Connector profiles and custom connectors.
    public var resources: ResourceWorkspace

    public init(
        flows: [FlowRecord], runs: [LiveRun], outcomes: [TokenKey: StoredOutcome], flowCounts: [String: Int] = [:],
        resources: ResourceWorkspace = ResourceWorkspace()
    ) {
        self.flowCounts = flowCounts
        self.resources = resources
        self.flows = RecordChanges(flows)
        runsByFlow = Dictionary(grouping: runs, by: { $0.flowUUID })
        self.outcomes = outcomes
    }

    public func flow(_ key: FlowKey) -> FlowRecord? { flows[key] }

    public func runs(ofFlow uuid: String) -> [LiveRun] { runsByFlow[uuid] ?? [] }

    public func storedOutcome(_ key: TokenKey) -> StoredOutcome? { outcomes[key] }

    /// How many flows the account has, if they were counted.
    public func flowCount(ofAccount account: String) -> Int { flowCounts[account] ?? 0 }

    public mutating func put(_ flow: FlowRecord) {
        if flows[FlowKey(account: flow.account, name: flow.name)] == nil { flowCounts[flow.account, default: 0] += 1 }
        flows.put(flow)
        written.append(flow)
    }

    public mutating func remove(_ key: FlowKey) {
        guard let flow = flows[key] else { return }
        flows.remove(key)
        flowCounts[flow.account, default: 0] -= 1
        for run in runs(ofFlow: flow.uuid) { cancel(run, of: flow) }
        runsByFlow[flow.uuid] = nil
        resources.profileUses.forget(user: flow.uuid)
    }

    /// When a run that is started now is to be queued: after those of its flow that this batch has started already.
    public func queueTime(ofFlow uuid: String, now: Int64) -> Int64 {
        max(now, (lastQueuedAt[uuid] ?? .min) &+ 1)
    }

    public mutating func start(_ run: NewRun) {
        newRuns.append(run)
        lastQueuedAt[run.flowUUID] = run.queuedAt
        runsByFlow[run.flowUUID, default: []].append(
            LiveRun(
                runID: run.runID, flowUUID: run.flowUUID, state: .queued, attempt: 0, queuedAt: run.queuedAt))
    }

    /// A waiting run ends at once, one in progress is told to stop, one being cancelled already stays so. With a
    /// manifest stored it is too late: some of the output may be visible, so that the rest has to follow.
    public mutating func cancel(_ run: LiveRun, of flow: FlowRecord) {
        guard let index = runsByFlow[run.flowUUID]?.firstIndex(where: { $0.runID == run.runID }), !run.hasManifest
        else { return }
        switch run.state {
        case .queued:
            runsByFlow[run.flowUUID]?.remove(at: index)
            let start = newRuns.firstIndex { $0.runID == run.runID }.map { newRuns.remove(at: $0) }
            canceledQueuedRuns.append(
                CanceledRun(run: run, account: flow.account, flowName: flow.name, start: start))
        case .inProgress:
            runsByFlow[run.flowUUID]?[index].state = .cancelStarted
            cancelStartedRuns.append(run.runID)
        case .cancelStarted, .successful, .error, .canceled:
            break
        }
    }

    public mutating func keep(_ outcome: StoredOutcome, for key: TokenKey) {
        outcomes[key] = outcome
        newOutcomes.append((key, outcome))
    }

    // MARK: Net changes

    /// Flows that came to be in this batch and still are.
    public var insertedFlows: [FlowRecord] { flows.inserted }

    /// Flows of before that changed, with the version they had.
    public var updatedFlows: [(record: FlowRecord, expectedVersion: Int64)] { flows.updated }

    /// Flows of before that are gone, with the version they had.
    public var deletedFlows: [(uuid: String, expectedVersion: Int64)] { flows.deleted }

    /// Revisions that this batch made and replaced again: runs may have been started with them.
    public var supersededDefinitions: [FlowRecord] {
        var seen: [String: Int64] = [:]
        return written.filter { flow in
            let key = FlowKey(account: flow.account, name: flow.name)
            guard let now = flows[key], now.uuid == flow.uuid, flow.revision < now.revision else { return false }
            // A change of tags or status writes the flow, too, and makes no revision.
            let stored = flows.original(key).flatMap { $0.uuid == flow.uuid ? $0.revision : nil } ?? 0
            if flow.revision <= max(stored, seen[flow.uuid] ?? 0) { return false }
            seen[flow.uuid] = flow.revision
            return true
        }
    }
}
