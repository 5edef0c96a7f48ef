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

    private func update(_ number: Int, _ revisions: [Int64]?, token: String? = nil, flow: Int = 1) -> Command {
        var command = Fixtures.command(number, "UpdateFlow", token: token, input: Fixtures.input("orders"))
        command.expected = tags(revisions, flow)
        return command
    }

    private func tags(_ revisions: [Int64]?, _ flow: Int = 1) -> [ExpectedDefinition]? {
        revisions?.map { .tag(EntityTag.of(flow: Fixtures.id(flow), revision: $0)) }
    }

    /// A tag names one definition of one flow, whatever else has its name or its number.
    @Test func aFlowMadeAnewIsAnother() throws {
        var workspace = created()
        let tag = try #require(workspace.flow(key)?.entityTag)
        #expect(tag == "\(Fixtures.id(1).prefix(8))-1")
        _ = application.apply(
            Fixtures.command(2, "DeleteFlow", input: ["flowName": "orders", "forceDelete": true]), to: &workspace)
        var anew = Fixtures.create(3)
        anew = Command(
            id: "c0ffee00" + anew.id.dropFirst(8), operation: anew.operation, account: anew.account,
            region: anew.region, principal: anew.principal, flowName: anew.flowName, token: nil, digest: "",
            replyTo: nil, expiresAt: anew.expiresAt, input: anew.input)
        #expect(application.apply(anew, to: &workspace)?.details?.entityTag == "c0ffee00-1")
        let stale = try #require(application.apply(update(4, [1]), to: &workspace))
        #expect(stale.code == "ConflictException")
        guard case .failure(_, let message) = stale.result else { return }
        #expect(message.contains("its version is \"c0ffee00-1\""))
        var bare = update(5, nil)
        bare.expected = [.tag("1"), .tag("C0FFEE00-1"), .tag("c0ffee00-1 "), .tag("c0ffee00")]
        #expect(application.apply(bare, to: &workspace)?.code == "ConflictException", "compared whole")
        bare.expected = [.tag("1"), .tag("c0ffee00-1")]
        #expect(application.apply(bare, to: &workspace)?.isSuccess == true)
    }

    /// An api of before sends revisions alone; what it sent is in Kafka during an update of the service.
    @Test func revisionsAloneAreStillUnderstood() throws {
        var workspace = created()
        func decoded(_ number: Int, _ matches: JSONValue) throws -> Command {
            var object = try #require(update(number, nil).encoded().objectValue)
            object["ifMatch"] = matches
            return try Command(decoding: .object(object))
        }
        #expect(application.apply(try decoded(2, [7]), to: &workspace)?.code == "ConflictException")
        #expect(application.apply(try decoded(3, []), to: &workspace)?.code == "ConflictException")
        #expect(application.apply(try decoded(4, ["1"]), to: &workspace)?.code == "ConflictException")
        #expect(application.apply(try decoded(5, [7, 1]), to: &workspace)?.isSuccess == true)
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
        delete.expected = tags([3])
        #expect(application.apply(delete, to: &workspace)?.code == "ConflictException")
        delete.expected = tags([4])
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
        command.expected?.append(.revision(3))
        command.isAsync = true
        command.origin = "192.0.2.1"
        command.requestID = "request"
        #expect(try Command(decoding: command.encoded()) == command)
        let plain = update(3, nil, token: "t")
        #expect(try Command(decoding: plain.encoded()) == plain)
    }
}
