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

    @Test func profilesAreCountedThroughTheBatch() throws {
        let application = CommandApplication(now: Fixtures.now, quotas: Quotas(profiles: 3))
        var workspace = FlowWorkspace(
            flows: [], runs: [], outcomes: [:], resources: ResourceWorkspace(profileCounts: [Fixtures.account: 1]))
        func apply(_ command: Command) throws -> Outcome {
            try #require(application.apply(command, to: &workspace))
        }
        #expect(isSuccess(try apply(Fixtures.createProfile(1, "a1"))))
        #expect(isSuccess(try apply(Fixtures.createProfile(2, "a2", token: "t"))))
        let refused = try apply(Fixtures.createProfile(3, "a3"))
        #expect(refused.code == "ServiceQuotaExceededException")
        #expect(refused.message == "The account has reached its quota of 3 connector profiles.")
        #expect(isSuccess(try apply(Fixtures.createProfile(4, "a2", token: "t"))), "a retry is no new profile")
        #expect(try apply(Fixtures.createProfile(5, "a2")).code == "ConflictException")
        #expect(isSuccess(try apply(Fixtures.resource(6, "DeleteConnectorProfile", "a1"))))
        #expect(isSuccess(try apply(Fixtures.createProfile(7, "a3"))))
        #expect(!isSuccess(try apply(Fixtures.createProfile(8, "a4"))))
        // Flows are another matter.
        #expect(isSuccess(try apply(Fixtures.command(9, "CreateFlow", "f", input: Fixtures.input("f")))))
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
