// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Testing

@Suite struct QuotaTests {
    private let application = CommandApplication(now: Fixtures.now, quotas: Quotas(flows: 3))

    private func apply(
        _ number: Int, _ operation: String, _ name: String, _ workspace: inout FlowWorkspace
    ) throws -> Outcome {
        let command = Fixtures.command(number, operation, name, input: Fixtures.input(name))
        return try #require(application.apply(command, to: &workspace))
    }

    private func isSuccess(_ outcome: Outcome) -> Bool {
        if case .success = outcome.result { return true }
        return false
    }

    @Test func flowsAreCountedThroughTheBatch() throws {
        var workspace = FlowWorkspace(flows: [], runs: [], outcomes: [:], flowCounts: [Fixtures.account: 1])
        #expect(isSuccess(try apply(1, "CreateFlow", "a1", &workspace)))
        #expect(isSuccess(try apply(2, "CreateFlow", "a2", &workspace)))
        let refused = try apply(3, "CreateFlow", "a3", &workspace)
        guard case .failure(let code, let message) = refused.result else {
            Issue.record("the fourth flow was created")
            return
        }
        #expect(code == "ServiceQuotaExceededException")
        #expect(message == "The account has reached its quota of 3 flows.")
        // An update is no new flow, a deletion makes room.
        #expect(isSuccess(try apply(4, "UpdateFlow", "a2", &workspace)))
        #expect(isSuccess(try apply(5, "DeleteFlow", "a1", &workspace)))
        #expect(isSuccess(try apply(6, "CreateFlow", "a3", &workspace)))
        #expect(!isSuccess(try apply(7, "CreateFlow", "a4", &workspace)))
    }

    @Test func withoutAQuotaNothingIsCounted() throws {
        var workspace = FlowWorkspace(flows: [], runs: [], outcomes: [:])
        for number in 1...20 {
            let name = "b\(number)"
            let command = Fixtures.command(number, "CreateFlow", name, input: Fixtures.input(name))
            let outcome = try #require(CommandApplication(now: Fixtures.now).apply(command, to: &workspace))
            #expect(isSuccess(outcome))
        }
    }
}
