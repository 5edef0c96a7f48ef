// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Testing

/// `If-Match`, commands that nobody waits for, and what answers tell beside their output.
@Suite struct ConditionTests {
    private let application = CommandApplication(now: Fixtures.now)
    private let key = FlowKey(account: Fixtures.account, name: "orders")

    private func created(token: String? = nil) -> FlowWorkspace {
        var workspace = FlowWorkspace(flows: [], runs: [], outcomes: [:])
        _ = application.apply(Fixtures.create(1, token: token), to: &workspace)
        return workspace
    }

    private func update(_ number: Int, _ revisions: [Int64]?, token: String? = nil) -> Command {
        var command = Fixtures.command(number, "UpdateFlow", token: token, input: Fixtures.input("orders"))
        command.expectedRevisions = revisions
        return command
    }

    @Test func changesPassAtTheRevisionsThatAreExpected() throws {
        var workspace = created()
        #expect(application.apply(update(2, [1]), to: &workspace)?.isSuccess == true)
        #expect(application.apply(update(3, [1]), to: &workspace)?.code == "ConflictException")
        #expect(application.apply(update(4, []), to: &workspace)?.code == "ConflictException")
        #expect(application.apply(update(5, [7, 2]), to: &workspace)?.isSuccess == true)
        #expect(application.apply(update(6, nil), to: &workspace)?.isSuccess == true)
        #expect(workspace.flow(key)?.revision == 4)
        var delete = Fixtures.command(7, "DeleteFlow", input: ["flowName": "orders", "forceDelete": true])
        delete.expectedRevisions = [3]
        #expect(application.apply(delete, to: &workspace)?.code == "ConflictException")
        delete.expectedRevisions = [4]
        #expect(application.apply(delete, to: &workspace)?.isSuccess == true)
        #expect(application.apply(update(8, [4]), to: &workspace)?.code == "ResourceNotFoundException")
    }

    @Test func answersTellWhatWasMade() throws {
        var workspace = created()
        let flow = OutcomeDetails(id: Fixtures.id(1), createdAt: Fixtures.now, revision: 2)
        #expect(application.apply(update(2, nil, token: "t"), to: &workspace)?.details == flow)
        let started = application.apply(Fixtures.command(3, "StartFlow"), to: &workspace)
        #expect(started?.details == OutcomeDetails(id: Fixtures.id(3), createdAt: Fixtures.now))
        #expect(application.apply(Fixtures.command(4, "CancelFlowExecutions"), to: &workspace)?.details == nil)
        _ = application.apply(update(5, nil), to: &workspace)
        let again = try #require(application.apply(update(6, nil, token: "t"), to: &workspace))
        #expect(again.details == flow && again.isReplay, "a retry hears what was answered then")
        #expect(workspace.flow(key)?.revision == 3)
        let travelled = try Outcome(decoding: again.encoded())
        #expect(travelled.details == flow && travelled.result == again.result)
        #expect(OutcomeDetails(text: flow.text) == flow && OutcomeDetails(text: "") == nil)
    }

    @Test(arguments: [true, false])
    func theOutcomeOfACommandThatNobodyWaitsForIsKept(_ succeeds: Bool) throws {
        var workspace = created()
        var command = Fixtures.command(5, "StartFlow", succeeds ? "orders" : "nothing")
        command.isAsync = true
        let first = try #require(application.apply(command, to: &workspace))
        #expect(first.isSuccess == succeeds)
        let kept = try #require(workspace.newOutcomes.last { $0.key == .outcome(of: command) })
        #expect(kept.outcome.outcome == first && !kept.outcome.isBrief)
        // Its message comes again, when the flow could not be started any more, or could be by now.
        let again = try #require(application.apply(command, to: &workspace))
        #expect(again.result == first.result && again.isReplay)
        #expect(workspace.newRuns.count == (succeeds ? 1 : 0))
    }

    @Test func commandsCarryTheirConditions() throws {
        var command = update(2, [1, 2], token: "t")
        command.isAsync = true
        command.origin = "192.0.2.1"
        command.requestID = "request"
        #expect(try Command(decoding: command.encoded()) == command)
        let plain = update(3, nil, token: "t")
        #expect(try Command(decoding: plain.encoded()) == plain)
    }
}
