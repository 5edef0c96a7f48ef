// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import JSON

/// Applies commands to a workspace: the rules of the flow store, as pure functions.
public struct CommandApplication: Sendable {
    /// Microseconds since 1970 by the database's clock: when this batch is applied.
    public let now: Int64
    public let quotas: Quotas

    public init(now: Int64, quotas: Quotas = Quotas()) {
        self.now = now
        self.quotas = quotas
    }

    /// - Returns: what to answer; nil for a command that has expired, which changes nothing and answers nobody.
    public func apply(_ command: Command, to workspace: inout FlowWorkspace) -> Outcome? {
        if command.expiresAt < now { return nil }
        if let known = known(command, workspace) { return known }
        let outcome = decide(command, &workspace)
        if command.isAsync { workspace.keep(StoredOutcome(outcome), for: .outcome(of: command)) }
        return outcome
    }

    private func decide(_ command: Command, _ workspace: inout FlowWorkspace) -> Outcome {
        do throws(APIError) {
            if let replay = try replay(of: command, in: workspace) { return replay }
            let response = try perform(command, on: &workspace)
            let details = OutcomeDetails(command, response: response, in: workspace)
            if let key = TokenKey(command) {
                let stored = StoredOutcome(
                    digest: command.digest, response: JSONValue.object(response).serializedString(), details: details,
                    isBrief: command.token == Command.ownToken(id: command.id))
                workspace.keep(stored, for: key)
            }
            return Outcome(commandID: command.id, result: .success(response), details: details)
        } catch {
            return Outcome(commandID: command.id, error: error)
        }
    }

    /// The answer an earlier command with this token got.
    private func replay(of command: Command, in workspace: FlowWorkspace) throws(APIError) -> Outcome? {
        guard let key = TokenKey(command), let stored = workspace.storedOutcome(key) else { return nil }
        if !stored.answers(command) {
            throw .conflict("The client token was used for a different \(command.operation) request.")
        }
        guard let response = try? JSONValue.parse(Array(stored.response.utf8)).objectValue else {
            throw .internalServer("The stored outcome of this request cannot be read.")
        }
        return Outcome(commandID: command.id, result: .success(response), details: stored.details, isReplay: true)
    }

    private func perform(_ command: Command, on workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        switch command.operation {
        case "CreateFlow": try createFlow(command, &workspace)
        case "UpdateFlow": try updateFlow(command, &workspace)
        case "DeleteFlow": try deleteFlow(command, &workspace)
        case "StartFlow": try startFlow(command, &workspace)
        case "StopFlow": try stopFlow(command, &workspace)
        case "CancelFlowExecutions": try cancelFlowExecutions(command, &workspace)
        case "CreateConnectorProfile":
            try ProfileApplication(command: command, now: now, quotas: quotas).create(&workspace)
        case "UpdateConnectorProfile": try ProfileApplication(command: command, now: now).update(&workspace)
        case "DeleteConnectorProfile": try ProfileApplication(command: command, now: now).delete(&workspace)
        case "RegisterConnector": try ConnectorApplication(command: command, now: now).register(&workspace)
        case "UpdateConnectorRegistration": try ConnectorApplication(command: command, now: now).update(&workspace)
        case "UnregisterConnector": try ConnectorApplication(command: command, now: now).unregister(&workspace)
        case "TagResource": try tagResource(command, &workspace)
        case "UntagResource": try untagResource(command, &workspace)
        default: throw .internalServer("The controller does not know the operation \(command.operation).")
        }
    }

    func existing(_ command: Command, _ workspace: FlowWorkspace) throws(APIError) -> FlowRecord {
        let key = FlowKey(account: command.account, name: command.flowName)
        guard let flow = workspace.flow(key) else {
            throw .notFound("Flow with name \(command.flowName) does not exist.")
        }
        return flow
    }

    private func createFlow(_ command: Command, _ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        let key = FlowKey(account: command.account, name: command.flowName)
        if workspace.flow(key) != nil {
            throw .conflict("Conflict executing request: Flow with name \(command.flowName) already exists.")
        }
        if let most = quotas.flows, workspace.flowCount(ofAccount: command.account) >= most {
            throw .quota("The account has reached its quota of \(most) flows.")
        }
        let definition = try FlowDefinition(input: command.input)
        let profiles = ProfileReference.all(in: command.input)
        try ProfileReference.check(profiles, account: command.account, operation: "Create", in: workspace)
        if !profiles.isEmpty {
            workspace.resources.profileUses.set(
                profiles.map(\.name), user: command.id, account: command.account, name: command.flowName)
        }
        let status = FlowStatusMachine.initial(FlowTrigger(rawValue: definition.trigger.type) ?? .onDemand)
        var stored = command.input
        stored["clientToken"] = nil
        stored["tags"] = nil
        workspace.put(
            FlowRecord(
                uuid: command.id, account: command.account, name: command.flowName, version: 1, revision: 1,
                schemaVersion: 1, status: status, statusMessage: nil, description: definition.description,
                triggerType: definition.trigger.type, sourceType: definition.source.connectorType,
                destinationType: definition.destinations.first?.connectorType ?? "",
                tags: JSONValue.object(definition.tags).serializedString(), createdAt: now, updatedAt: now,
                createdBy: command.principal, updatedBy: command.principal,
                definition: JSONValue.object(stored).serializedString(),
                capabilities: RunCapability.needed(by: definition)))
        return [
            "flowArn": .string(arn(command)),
            "flowStatus": .string(status.rawValue),
        ]
    }

    private func updateFlow(_ command: Command, _ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        var flow = try expected(command, workspace)
        guard let text = flow.definition, let old = try? JSONValue.parse(Array(text.utf8)).objectValue else {
            throw .internalServer("The flow's definition cannot be read.")
        }
        let oldDefinition = try FlowDefinition(input: old)
        let newDefinition = try FlowDefinition(input: command.input)
        try SemanticRules.checkUpdate(old: oldDefinition, new: newDefinition)
        let profiles = ProfileReference.all(in: command.input)
        try ProfileReference.check(profiles, account: command.account, operation: "Update", in: workspace)
        if profiles.map(\.name) != ProfileReference.all(in: old).map(\.name) {
            workspace.resources.profileUses.set(
                profiles.map(\.name), user: flow.uuid, account: flow.account, name: flow.name)
        }
        var stored = command.input
        stored["clientToken"] = nil
        // Not an input of UpdateFlow: the key a flow was created with stays.
        stored["kmsArn"] = old["kmsArn"]
        if SemanticRules.schemaVersionChanges(old: oldDefinition, new: newDefinition) { flow.schemaVersion += 1 }
        flow.version += 1
        flow.revision += 1
        flow.description = newDefinition.description
        flow.sourceType = newDefinition.source.connectorType
        flow.destinationType = newDefinition.destinations.first?.connectorType ?? ""
        flow.capabilities = RunCapability.needed(by: newDefinition)
        _ = try flow.follow(.update(FlowTrigger(rawValue: newDefinition.trigger.type) ?? .onDemand))
        flow.triggerType = newDefinition.trigger.type
        flow.updatedAt = now
        flow.updatedBy = command.principal
        flow.definition = JSONValue.object(stored).serializedString()
        workspace.put(flow)
        return ["flowStatus": .string(flow.status.rawValue)]
    }

    private func deleteFlow(_ command: Command, _ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        var flow = try expected(command, workspace)
        _ = try flow.follow(command.input["forceDelete"]?.boolValue == true ? .forceDelete : .delete)
        workspace.remove(FlowKey(account: flow.account, name: flow.name))
        return [:]
    }

    private func startFlow(_ command: Command, _ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        var flow = try existing(command, workspace)
        guard try flow.follow(.start) == .run else { return putStatus(flow, command, &workspace) }
        if !workspace.runs(ofFlow: flow.uuid).isEmpty {
            throw .conflict(
                "Conflict executing request: Flow \(flow.name) already has an execution in progress.")
        }
        workspace.start(
            NewRun(
                runID: command.id, account: flow.account, flowUUID: flow.uuid, flowName: flow.name,
                revision: flow.revision, schemaVersion: flow.schemaVersion,
                queuedAt: workspace.queueTime(ofFlow: flow.uuid, now: now),
                capabilities: flow.capabilities))
        return [
            "flowArn": .string(arn(command)),
            "flowStatus": .string(flow.status.rawValue),
            "executionId": .string(command.id),
        ]
    }

    private func stopFlow(_ command: Command, _ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        var flow = try existing(command, workspace)
        _ = try flow.follow(.stop)
        return putStatus(flow, command, &workspace)
    }

    /// Stores a status that may have changed, and answers it.
    private func putStatus(_ flow: FlowRecord, _ command: Command, _ workspace: inout FlowWorkspace) -> JSONObject {
        var flow = flow
        if workspace.flow(FlowKey(account: flow.account, name: flow.name)) != flow {
            flow.version += 1
            workspace.put(flow)
        }
        return ["flowArn": .string(arn(command)), "flowStatus": .string(flow.status.rawValue)]
    }

    private func cancelFlowExecutions(
        _ command: Command, _ workspace: inout FlowWorkspace
    ) throws(APIError) -> JSONObject {
        let flow = try existing(command, workspace)
        let runs = workspace.runs(ofFlow: flow.uuid)
        var invalid: [JSONValue] = []
        if let asked = command.input["executionIds"]?.arrayValue {
            for item in asked {
                // A run that is being cancelled already is cancelled again without complaint.
                if let run = runs.first(where: { $0.runID == item.stringValue }) {
                    workspace.cancel(run, of: flow)
                } else {
                    invalid.append(item)
                }
            }
        } else {
            for run in runs { workspace.cancel(run, of: flow) }
        }
        return invalid.isEmpty ? [:] : ["invalidExecutions": .array(invalid)]
    }

    private func arn(_ command: Command) -> String {
        ARN.flow(region: command.region, account: command.account, name: command.flowName)
    }
}
