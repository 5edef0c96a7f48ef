// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Testing

@Suite struct CommandApplicationTests {
    let application = CommandApplication(now: Fixtures.now)
    let key = FlowKey(account: Fixtures.account, name: "orders")

    private func empty() -> FlowWorkspace { FlowWorkspace(flows: [], runs: [], outcomes: [:]) }

    /// A workspace as loaded, with one flow and maybe its run.
    private func loaded(
        trigger: String = "OnDemand", status: FlowStatus = .active, run: LiveRun? = nil
    ) throws -> FlowWorkspace {
        var workspace = empty()
        _ = application.apply(
            Fixtures.command(1, "CreateFlow", input: Fixtures.input("orders", trigger: trigger)), to: &workspace)
        var flow = try #require(workspace.flow(key))
        flow.version = 7
        flow.status = status
        return FlowWorkspace(flows: [flow], runs: run.map { [$0] } ?? [], outcomes: [:])
    }

    private func run(_ state: RunState, hasManifest: Bool = false) -> LiveRun {
        LiveRun(
            runID: Fixtures.id(9), flowUUID: Fixtures.id(1), state: state, attempt: state == .queued ? 0 : 1,
            queuedAt: Fixtures.now - 5, hasManifest: hasManifest)
    }

    // MARK: CreateFlow

    @Test func createInsertsTheFlow() throws {
        var workspace = empty()
        var input = Fixtures.input("orders", description: "all orders")
        input["clientToken"] = "secret-token"
        input["tags"] = ["team": "sales"]
        let command = Fixtures.command(1, "CreateFlow", input: input)
        let outcome = try #require(application.apply(command, to: &workspace))
        #expect(
            outcome.response == [
                "flowArn": "arn:aws:appflow:us-east-1:123456789012:flow/orders", "flowStatus": "Active",
            ])
        let flow = try #require(workspace.insertedFlows.first)
        #expect(workspace.insertedFlows.count == 1)
        #expect(flow.uuid == command.id)
        #expect((flow.version, flow.revision, flow.schemaVersion) == (1, 1, 1))
        #expect(flow.status == .active)
        #expect(flow.description == "all orders")
        #expect((flow.sourceType, flow.destinationType, flow.triggerType) == ("S3", "S3", "OnDemand"))
        #expect(flow.tags == #"{"team":"sales"}"#)
        #expect((flow.createdAt, flow.updatedAt) == (Fixtures.now, Fixtures.now))
        #expect(flow.createdBy == command.principal && flow.updatedBy == command.principal)
        let definition = try #require(flow.definition)
        #expect(!definition.contains("secret-token") && !definition.contains("sales"))
        #expect(definition.contains("all orders"))
        #expect(workspace.updatedFlows.isEmpty && workspace.deletedFlows.isEmpty && workspace.newOutcomes.isEmpty)
    }

    @Test func flowsThatAreNotOnDemandBeginAsDrafts() throws {
        var workspace = empty()
        let command = Fixtures.command(1, "CreateFlow", input: Fixtures.input("orders", trigger: "Scheduled"))
        #expect(application.apply(command, to: &workspace)?.response?["flowStatus"] == "Draft")
        #expect(workspace.flow(key)?.status == .draft)
    }

    @Test func aNameIsTakenOncePerAccount() throws {
        var workspace = try loaded()
        let outcome = try #require(application.apply(Fixtures.create(2), to: &workspace))
        #expect(outcome.code == "ConflictException")
        #expect(outcome.message.contains("Flow with name orders already exists"))
        #expect(workspace.insertedFlows.isEmpty && workspace.updatedFlows.isEmpty)
        let other = Fixtures.command(3, "CreateFlow", account: "999999999999", input: Fixtures.input("orders"))
        #expect(application.apply(other, to: &workspace)?.isSuccess == true)
    }

    @Test func aDefinitionWithoutItsConnectorsPropertiesIsRefused() throws {
        var input = Fixtures.input("orders")
        input["sourceFlowConfig"] = ["connectorType": "S3", "sourceConnectorProperties": [:]]
        var workspace = empty()
        let outcome = application.apply(Fixtures.command(1, "CreateFlow", input: input), to: &workspace)
        #expect(outcome?.code == "ValidationException")
        #expect(workspace.insertedFlows.isEmpty)
    }

    // MARK: UpdateFlow

    @Test func updateMakesANewRevision() throws {
        var workspace = try loaded()
        let input = Fixtures.input("orders", description: "new")
        let outcome = application.apply(Fixtures.command(2, "UpdateFlow", input: input), to: &workspace)
        #expect(outcome?.response == ["flowStatus": "Active"])
        let (flow, expected) = try #require(workspace.updatedFlows.first)
        #expect(expected == 7)
        #expect((flow.version, flow.revision, flow.schemaVersion) == (8, 2, 1))
        #expect(flow.description == "new")
        #expect(flow.definition?.contains("new") == true)
    }

    @Test func updatedMappingsMakeANewSchemaVersion() throws {
        var workspace = try loaded()
        let command = Fixtures.command(2, "UpdateFlow", input: Fixtures.input("orders", mapped: "price"))
        #expect(application.apply(command, to: &workspace)?.isSuccess == true)
        #expect(workspace.flow(key)?.schemaVersion == 2)
    }

    @Test func anotherTriggerSetsTheStatusAnew() throws {
        var workspace = try loaded()
        let scheduled = Fixtures.command(2, "UpdateFlow", input: Fixtures.input("orders", trigger: "Scheduled"))
        #expect(application.apply(scheduled, to: &workspace)?.response == ["flowStatus": "Draft"])
        let onDemand = Fixtures.command(3, "UpdateFlow", input: Fixtures.input("orders"))
        #expect(application.apply(onDemand, to: &workspace)?.response == ["flowStatus": "Active"])
    }

    @Test func theSameTriggerKeepsTheStatus() throws {
        var workspace = try loaded(trigger: "Scheduled", status: .suspended)
        let command = Fixtures.command(2, "UpdateFlow", input: Fixtures.input("orders", trigger: "Scheduled"))
        #expect(application.apply(command, to: &workspace)?.response == ["flowStatus": "Suspended"])
    }

    @Test func theKeyOfAFlowSurvivesUpdates() throws {
        var workspace = empty()
        var input = Fixtures.input("orders")
        input["kmsArn"] = "arn:aws:kms:us-east-1:1:key/k"
        _ = application.apply(Fixtures.command(1, "CreateFlow", input: input), to: &workspace)
        _ = application.apply(Fixtures.command(2, "UpdateFlow", input: Fixtures.input("orders")), to: &workspace)
        #expect(workspace.flow(key)?.definition?.contains("key/k") == true)
    }

    @Test func anUpdateMustNotChangeTheConnectors() throws {
        var workspace = try loaded()
        let command = Fixtures.command(
            2, "UpdateFlow", input: Fixtures.input("orders", destination: "Salesforce"))
        let outcome = try #require(application.apply(command, to: &workspace))
        #expect(outcome.code == "ValidationException")
        #expect(outcome.message.contains("Destination connector can not be updated"))
        #expect(workspace.updatedFlows.isEmpty)
    }

    @Test func anUpdateNeedsTheStandingDefinition() throws {
        var flow = try #require(try loaded().flow(key))
        flow.definition = "not JSON"
        var workspace = FlowWorkspace(flows: [flow], runs: [], outcomes: [:])
        let command = Fixtures.command(2, "UpdateFlow", input: Fixtures.input("orders"))
        #expect(application.apply(command, to: &workspace)?.code == "InternalServerException")
    }

    @Test(arguments: [
        "UpdateFlow", "DeleteFlow", "StartFlow", "StopFlow", "CancelFlowExecutions", "TagResource", "UntagResource",
    ])
    func whatIsNotThereIsNotFound(_ operation: String) throws {
        var workspace = empty()
        let command = Fixtures.command(1, operation, token: "t", input: Fixtures.input("orders"))
        let outcome = try #require(application.apply(command, to: &workspace))
        #expect(outcome.code == "ResourceNotFoundException")
        #expect(outcome.message == "Flow with name orders does not exist.")
        #expect(workspace.newOutcomes.isEmpty, "an error does not use up a token")
    }

    @Test func anUnknownOperationIsAnInternalError() {
        var workspace = empty()
        #expect(application.apply(Fixtures.command(1, "Dance"), to: &workspace)?.code == "InternalServerException")
    }

    // MARK: DeleteFlow

    @Test func deleteTakesTheVersionThatWasRead() throws {
        var workspace = try loaded()
        #expect(application.apply(Fixtures.command(2, "DeleteFlow"), to: &workspace)?.response == [:])
        #expect(workspace.deletedFlows.map { $0.uuid } == [Fixtures.id(1)])
        #expect(workspace.deletedFlows.map { $0.expectedVersion } == [7])
        #expect(workspace.flow(key) == nil)
    }

    @Test func anActiveFlowWithATriggerIsDeletedByForceOnly() throws {
        var workspace = try loaded(trigger: "Scheduled", status: .active)
        let outcome = try #require(application.apply(Fixtures.command(2, "DeleteFlow"), to: &workspace))
        #expect(outcome.code == "ConflictException")
        #expect(outcome.message.contains("forceDelete"))
        #expect(workspace.deletedFlows.isEmpty)
        let force = Fixtures.command(3, "DeleteFlow", input: ["flowName": "orders", "forceDelete": true])
        #expect(application.apply(force, to: &workspace)?.isSuccess == true)
        #expect(workspace.deletedFlows.count == 1)
    }

    @Test func deleteEndsWhatWaitsAndStopsWhatRuns() throws {
        var waiting = try loaded(run: run(.queued))
        _ = application.apply(Fixtures.command(2, "DeleteFlow"), to: &waiting)
        #expect(waiting.canceledQueuedRuns.map { $0.run.runID } == [Fixtures.id(9)])
        #expect(waiting.canceledQueuedRuns.first?.start == nil)
        var running = try loaded(run: run(.inProgress))
        _ = application.apply(Fixtures.command(2, "DeleteFlow"), to: &running)
        #expect(running.cancelStartedRuns == [Fixtures.id(9)])
    }

    // MARK: StartFlow

    @Test func startQueuesARun() throws {
        var workspace = try loaded()
        let outcome = application.apply(Fixtures.command(5, "StartFlow"), to: &workspace)
        #expect(
            outcome?.response == [
                "flowArn": "arn:aws:appflow:us-east-1:123456789012:flow/orders", "flowStatus": "Active",
                "executionId": .string(Fixtures.id(5)),
            ])
        let run = try #require(workspace.newRuns.first)
        #expect(run.runID == Fixtures.id(5) && run.flowUUID == Fixtures.id(1))
        #expect((run.revision, run.schemaVersion, run.queuedAt) == (1, 1, Fixtures.now))
        #expect(run.capabilities == [RunCapability.base])
        #expect(workspace.runs(ofFlow: Fixtures.id(1)).map { $0.state } == [.queued])
    }

    /// What a run asks of a worker follows the definition it is started with.
    @Test func runsOfSeveralDestinationsAskForMore() throws {
        var several = Fixtures.input("orders")
        several["destinationFlowConfigList"] = [
            ["connectorType": "S3", "destinationConnectorProperties": ["S3": ["bucketName": "a"]]],
            ["connectorType": "S3", "destinationConnectorProperties": ["S3": ["bucketName": "b"]]],
        ]
        var workspace = FlowWorkspace(flows: [], runs: [], outcomes: [:])
        func started(_ number: Int) -> NewRun? {
            _ = application.apply(Fixtures.command(number, "StartFlow"), to: &workspace)
            defer { _ = application.apply(Fixtures.command(number + 1, "CancelFlowExecutions"), to: &workspace) }
            return workspace.newRuns.last
        }
        _ = application.apply(Fixtures.command(1, "CreateFlow", input: several), to: &workspace)
        #expect(started(10)?.capabilities == [RunCapability.base, RunCapability.destinations])
        _ = application.apply(Fixtures.command(2, "UpdateFlow", input: Fixtures.input("orders")), to: &workspace)
        #expect(started(20)?.capabilities == [RunCapability.base])
        _ = application.apply(Fixtures.command(3, "UpdateFlow", input: several), to: &workspace)
        #expect(started(30)?.capabilities == [RunCapability.base, RunCapability.destinations])
        #expect(Set(RunCapability.all).isSuperset(of: [RunCapability.base, RunCapability.destinations]))
    }

    @Test(arguments: [RunState.queued, .inProgress, .cancelStarted])
    func aFlowRunsOnceAtATime(_ state: RunState) throws {
        var workspace = try loaded(run: run(state))
        let outcome = try #require(application.apply(Fixtures.command(5, "StartFlow"), to: &workspace))
        #expect(outcome.code == "ConflictException")
        #expect(workspace.newRuns.isEmpty)
    }

    @Test(arguments: ["Scheduled", "Event"])
    func flowsWithTriggersAreActivatedAndSuspended(_ trigger: String) throws {
        var workspace = try loaded(trigger: trigger, status: .draft)
        let answer: (JSONValue) -> JSONObject = {
            ["flowArn": "arn:aws:appflow:us-east-1:123456789012:flow/orders", "flowStatus": $0]
        }
        let before = try #require(workspace.flow(key))
        let started = application.apply(Fixtures.command(5, "StartFlow"), to: &workspace)
        #expect(started?.response == answer("Active"), "without an executionId")
        #expect(workspace.newRuns.isEmpty)
        #expect(workspace.updatedFlows.map { $0.record.version } == [8])
        _ = application.apply(Fixtures.command(6, "StartFlow"), to: &workspace)
        #expect(workspace.flow(key)?.version == 8, "what changes nothing is no write")
        #expect(application.apply(Fixtures.command(7, "StopFlow"), to: &workspace)?.response == answer("Suspended"))
        let after = try #require(workspace.flow(key))
        #expect((after.version, after.revision, after.schemaVersion) == (9, 1, 1))
        #expect((after.updatedAt, after.updatedBy) == (before.updatedAt, before.updatedBy))
    }

    @Test func onDemandFlowsCannotBeStopped() throws {
        var workspace = try loaded()
        let outcome = application.apply(Fixtures.command(5, "StopFlow"), to: &workspace)
        #expect(outcome?.code == "UnsupportedOperationException")
        #expect(workspace.updatedFlows.isEmpty)
    }

    @Test func theReasonOfASuspensionGoesWithIt() throws {
        var flow = try #require(try loaded(trigger: "Scheduled", status: .suspended).flow(key))
        flow.statusMessage = "too many failures"
        var workspace = FlowWorkspace(flows: [flow], runs: [], outcomes: [:])
        _ = application.apply(Fixtures.command(5, "StopFlow"), to: &workspace)
        #expect(workspace.flow(key)?.statusMessage == "too many failures")
        _ = application.apply(Fixtures.command(6, "StartFlow"), to: &workspace)
        #expect(workspace.flow(key)?.statusMessage == nil)
    }

    // MARK: CancelFlowExecutions

    @Test func aWaitingRunEndsAtOnce() throws {
        var workspace = try loaded(run: run(.queued))
        #expect(application.apply(Fixtures.command(2, "CancelFlowExecutions"), to: &workspace)?.response == [:])
        let canceled = try #require(workspace.canceledQueuedRuns.first)
        let event = canceled.event(at: Fixtures.now)
        #expect(event.kind == .cancelled && event.sequence == RunEvent.endSequence && event.startedAt == nil)
        #expect(event.runID == Fixtures.id(9) && event.flowUUID == Fixtures.id(1) && event.flowName == "orders")
        #expect(event.message == CanceledRun.message && event.occurredAt == Fixtures.now)
        #expect(workspace.runs(ofFlow: Fixtures.id(1)).isEmpty)
        #expect(application.apply(Fixtures.command(3, "StartFlow"), to: &workspace)?.isSuccess == true)
    }

    @Test func aRunInProgressIsToldToStopOnce() throws {
        var workspace = try loaded(run: run(.inProgress))
        for number in 2...3 {
            let outcome = application.apply(Fixtures.command(number, "CancelFlowExecutions"), to: &workspace)
            #expect(outcome?.response == [:])
        }
        #expect(workspace.cancelStartedRuns == [Fixtures.id(9)])
        #expect(workspace.runs(ofFlow: Fixtures.id(1)).map { $0.state } == [.cancelStarted])
    }

    /// Behind the point of no return a cancel is accepted and changes nothing: the output is on its way.
    @Test(arguments: [RunState.queued, .inProgress])
    func aCancelComesTooLateForARunWithAManifest(_ state: RunState) throws {
        var workspace = try loaded(run: run(state, hasManifest: true))
        #expect(application.apply(Fixtures.command(2, "CancelFlowExecutions"), to: &workspace)?.response == [:])
        #expect(workspace.canceledQueuedRuns.isEmpty && workspace.cancelStartedRuns.isEmpty)
        _ = application.apply(Fixtures.command(3, "DeleteFlow"), to: &workspace)
        #expect(workspace.canceledQueuedRuns.isEmpty && workspace.cancelStartedRuns.isEmpty)
    }

    @Test func executionsThatAreNotRunningAreNamed() throws {
        var workspace = try loaded(run: run(.inProgress))
        let command = Fixtures.command(
            2, "CancelFlowExecutions",
            input: ["flowName": "orders", "executionIds": ["nobody", .string(Fixtures.id(9)), "nothing"]])
        let outcome = application.apply(command, to: &workspace)
        #expect(outcome?.response == ["invalidExecutions": ["nobody", "nothing"]])
        #expect(workspace.cancelStartedRuns == [Fixtures.id(9)])
    }

    @Test func onlyTheNamedRunIsCancelled() throws {
        var workspace = try loaded(run: run(.inProgress))
        let command = Fixtures.command(
            2, "CancelFlowExecutions", input: ["flowName": "orders", "executionIds": ["nobody"]])
        #expect(application.apply(command, to: &workspace)?.response == ["invalidExecutions": ["nobody"]])
        #expect(workspace.cancelStartedRuns.isEmpty)
    }

    // MARK: Expiry and replay

    @Test func whatHasExpiredChangesNothingAndAnswersNobody() throws {
        var workspace = empty()
        let late = Fixtures.command(
            1, "CreateFlow", token: "t", expiresAt: Fixtures.now - 1, input: Fixtures.input("orders"))
        #expect(application.apply(late, to: &workspace) == nil)
        #expect(workspace.insertedFlows.isEmpty && workspace.newOutcomes.isEmpty)
        let inTime = Fixtures.command(1, "CreateFlow", expiresAt: Fixtures.now, input: Fixtures.input("orders"))
        #expect(application.apply(inTime, to: &workspace)?.isSuccess == true)
    }

    @Test func aRetryGetsTheSameAnswer() throws {
        var workspace = empty()
        let first = application.apply(Fixtures.create(1, token: "t"), to: &workspace)
        let retry = application.apply(Fixtures.create(2, token: "t"), to: &workspace)
        #expect(retry?.commandID == Fixtures.id(2))
        #expect(retry?.response == first?.response)
        #expect(workspace.insertedFlows.map { $0.uuid } == [Fixtures.id(1)])
        #expect(workspace.newOutcomes.count == 1)
    }

    @Test func aRetryIsRecognisedAcrossBatches() throws {
        var first = empty()
        let answer = application.apply(Fixtures.create(1, token: "t"), to: &first)
        let kept = try #require(first.newOutcomes.first)
        #expect(kept.key == TokenKey(account: Fixtures.account, operation: "CreateFlow", scope: "", token: "t"))
        var second = FlowWorkspace(flows: [], runs: [], outcomes: [kept.key: kept.outcome])
        let retry = application.apply(Fixtures.create(2, token: "t"), to: &second)
        #expect(retry?.response == answer?.response)
        #expect(second.insertedFlows.isEmpty && second.newOutcomes.isEmpty)
    }

    @Test func aTokenOfAnotherRequestIsAConflict() throws {
        var workspace = empty()
        _ = application.apply(Fixtures.create(1, token: "t"), to: &workspace)
        let other = Fixtures.command(
            2, "CreateFlow", "others", token: "t", digest: "e", input: Fixtures.input("others"))
        #expect(application.apply(other, to: &workspace)?.code == "ConflictException")
        #expect(workspace.insertedFlows.count == 1)
    }

    @Test func tokensBelongToOneOperation() throws {
        var workspace = empty()
        _ = application.apply(Fixtures.create(1, token: "t"), to: &workspace)
        let delete = Fixtures.command(2, "DeleteFlow", token: "t", digest: "e")
        #expect(application.apply(delete, to: &workspace)?.response == [:])
        #expect(workspace.insertedFlows.isEmpty)
    }

    /// As AppFlow documents for on-demand flows: the same run, whatever else the request said.
    @Test func aStartNeverRefusesAToken() throws {
        var workspace = try loaded()
        let first = application.apply(Fixtures.command(5, "StartFlow", token: "t"), to: &workspace)
        let again = application.apply(Fixtures.command(6, "StartFlow", token: "t", digest: "e"), to: &workspace)
        #expect(again?.response == first?.response)
        #expect(workspace.newRuns.map { $0.runID } == [Fixtures.id(5)])
    }

    @Test func startTokensBelongToOneFlow() throws {
        var workspace = try loaded()
        _ = application.apply(Fixtures.create(2, "others"), to: &workspace)
        _ = application.apply(Fixtures.command(5, "StartFlow", token: "t"), to: &workspace)
        let other = application.apply(Fixtures.command(6, "StartFlow", "others", token: "t"), to: &workspace)
        #expect(other?.response?["executionId"] == .string(Fixtures.id(6)))
    }

    @Test func aStoredOutcomeThatCannotBeReadIsAnInternalError() {
        let key = TokenKey(account: Fixtures.account, operation: "CreateFlow", scope: "", token: "t")
        var workspace = FlowWorkspace(
            flows: [], runs: [], outcomes: [key: StoredOutcome(digest: "d", response: "[]")])
        #expect(
            application.apply(Fixtures.create(1, token: "t"), to: &workspace)?.code == "InternalServerException")
    }

    // MARK: Several in one batch

    @Test func aWholeLifeInOneBatchLeavesOnlyHistory() throws {
        var workspace = empty()
        for command in [
            Fixtures.create(1), Fixtures.command(2, "StartFlow"), Fixtures.command(3, "CancelFlowExecutions"),
            Fixtures.command(4, "StartFlow"), Fixtures.command(5, "DeleteFlow"),
        ] {
            #expect(application.apply(command, to: &workspace)?.isSuccess == true)
        }
        #expect(workspace.insertedFlows.isEmpty && workspace.deletedFlows.isEmpty && workspace.updatedFlows.isEmpty)
        #expect(workspace.newRuns.isEmpty)
        #expect(workspace.canceledQueuedRuns.map { $0.start?.runID } == [Fixtures.id(2), Fixtures.id(4)])
    }

    @Test func aNameCanBeDeletedAndTakenAgain() throws {
        var workspace = try loaded(run: run(.inProgress))
        _ = application.apply(Fixtures.command(2, "DeleteFlow"), to: &workspace)
        _ = application.apply(Fixtures.create(3), to: &workspace)
        #expect(application.apply(Fixtures.command(4, "StartFlow"), to: &workspace)?.isSuccess == true)
        #expect(workspace.deletedFlows.map { $0.uuid } == [Fixtures.id(1)])
        #expect(workspace.insertedFlows.map { $0.uuid } == [Fixtures.id(3)])
        #expect(workspace.newRuns.map { $0.flowUUID } == [Fixtures.id(3)])
        #expect(workspace.cancelStartedRuns == [Fixtures.id(9)])
    }

    /// A run keeps the definition it was started with, also when that is replaced in the same batch.
    @Test func replacedRevisionsAreKept() throws {
        var workspace = try loaded()
        for (number, description) in [(2, "second"), (4, "third"), (6, "fourth")] {
            let input = Fixtures.input("orders", description: description)
            _ = application.apply(Fixtures.command(number, "UpdateFlow", input: input), to: &workspace)
            if number == 2 { _ = application.apply(Fixtures.command(3, "StartFlow"), to: &workspace) }
        }
        #expect(workspace.newRuns.map { $0.revision } == [2])
        #expect(workspace.supersededDefinitions.map { $0.revision } == [2, 3])
        #expect(workspace.supersededDefinitions.first?.definition?.contains("second") == true)
        #expect(workspace.updatedFlows.map { $0.record.revision } == [4])
        _ = application.apply(Fixtures.command(7, "DeleteFlow"), to: &workspace)
        #expect(workspace.supersededDefinitions.isEmpty, "of a flow that is gone nothing is kept")
    }

    @Test func runsOfOneFlowAreOrderedWithinABatch() throws {
        var workspace = try loaded()
        var times: [Int64] = []
        for number in 2...4 {
            _ = application.apply(Fixtures.command(number * 2, "StartFlow"), to: &workspace)
            times.append(try #require(workspace.newRuns.first?.queuedAt))
            _ = application.apply(Fixtures.command(number * 2 + 1, "CancelFlowExecutions"), to: &workspace)
        }
        #expect(times == [Fixtures.now, Fixtures.now + 1, Fixtures.now + 2])
        #expect(workspace.canceledQueuedRuns.map { $0.run.queuedAt } == times)
    }
}
