// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import TestSupport
import Testing

@testable import FlowStore

extension FlowStoreTests {
    /// The statements do to the tables what commands one by one would have done.
    @Suite(.serialized) struct BatchEquivalenceTests {
        private func commands(_ count: Int, _ random: inout Random) -> [Command] {
            let operations = [
                "CreateFlow", "CreateFlow", "UpdateFlow", "StartFlow", "StartFlow", "StartFlow", "CancelFlowExecutions",
                "CancelFlowExecutions", "DeleteFlow",
            ]
            return (1...count).map { number in
                let name = "flow\(Int.random(in: 0..<3, using: &random))"
                let operation = operations.randomElement(using: &random) ?? "StartFlow"
                let token =
                    Int.random(in: 0..<4, using: &random) == 0 ? "t\(Int.random(in: 0..<3, using: &random))" : nil
                let mapped = Bool.random(using: &random) ? "id" : "price"
                let needsDefinition = operation == "CreateFlow" || operation == "UpdateFlow"
                return Store.command(
                    number, operation, name, token: token, digest: Bool.random(using: &random) ? "d" : "e",
                    input: needsDefinition ? Store.input(name, description: "n\(number)", mapped: mapped) : nil)
            }
        }

        private func dump(_ store: Store) throws -> [String] {
            try [
                "SELECT uuid, name, version, revision, schema_version, status, description FROM flows ORDER BY uuid",
                "SELECT flow_uuid, revision, schema_version, definition FROM flow_definitions ORDER BY 1, 2",
                "SELECT flow_uuid FROM flow_activity ORDER BY 1",
                "SELECT run_id, flow_uuid, revision, state, attempt FROM live_runs ORDER BY 1",
                "SELECT run_id, flow_uuid, revision, state, attempt, message FROM run_history ORDER BY 1",
                "SELECT operation, scope, token, digest, response FROM command_outcomes ORDER BY 1, 2, 3",
                "SELECT run_id FROM (SELECT flow_uuid, run_id, queued_at FROM live_runs UNION ALL "
                    + "SELECT flow_uuid, run_id, queued_at FROM run_history) r ORDER BY flow_uuid, queued_at",
            ].flatMap { try store.connection.lines($0) }
        }

        @Test(arguments: 1...12)
        func batchesLeaveWhatSingleCommandsLeave(_ seed: UInt64) throws {
            var random = Random(state: seed &* 0x9E37_79B9_7F4A_7C15)
            let commands = commands(60, &random)
            var store = try Store()
            let single = try commands.flatMap { try store.apply([$0]) }
            let expected = try dump(store)
            store = try Store()
            let batched = try store.applyInBatches(commands, &random)
            // But for the moment at which a batch is applied.
            #expect(batched.map { $0?.result } == single.map { $0?.result })
            #expect(try dump(store) == expected)
        }
    }
}
