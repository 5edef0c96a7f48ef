// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import TestSupport
import Testing

@testable import FlowStore

extension FlowStoreTests {
    /// Batches of commands on flows, profiles and custom connectors leave what single commands leave, and both leave what a
    /// simple model predicts.
    @Suite(.serialized) struct ResourceEquivalenceTests {
        /// Names and what they refer to; nothing of versions, batches or locks.
        private struct Model {
            /// Type and label by name.
            var profiles: [String: (type: String, label: String?)] = [:]
            var connectors: Set<String> = []
            /// The profile by flow.
            var flows: [String: String] = [:]

            /// Whether the command succeeds.
            mutating func take(_ command: Command) -> Bool {
                let name = command.resource.name
                let input = command.input
                let isForced = input["forceDelete"]?.boolValue == true
                let profile = input["sourceFlowConfig"]?["connectorProfileName"]?.stringValue ?? ""
                switch command.operation {
                case "CreateFlow":
                    guard flows[name] == nil, profiles[profile]?.type == "Salesforce" else { return false }
                    flows[name] = profile
                case "UpdateFlow":
                    guard flows[name] != nil, profiles[profile]?.type == "Salesforce" else { return false }
                    flows[name] = profile
                case "DeleteFlow": return flows.removeValue(forKey: name) != nil
                case "CreateConnectorProfile":
                    let label = input["connectorLabel"]?.stringValue
                    guard profiles[name] == nil, label.map(connectors.contains) ?? true else { return false }
                    profiles[name] = (input["connectorType"]?.stringValue ?? "", label)
                case "UpdateConnectorProfile": return profiles[name]?.type == "Salesforce"
                case "DeleteConnectorProfile":
                    guard profiles[name] != nil, isForced || !flows.values.contains(name) else { return false }
                    profiles[name] = nil
                case "RegisterConnector": return connectors.insert(name).inserted
                case "UpdateConnectorRegistration": return connectors.contains(name)
                default:
                    guard connectors.contains(name), isForced || !profiles.values.contains(where: { $0.label == name })
                    else { return false }
                    connectors.remove(name)
                }
                return true
            }
        }

        private func command(_ number: Int, _ random: inout Random) -> Command {
            let profile = "p\(Int.random(in: 0..<3, using: &random))"
            let label = "c\(Int.random(in: 0..<2, using: &random))"
            let flow = "f\(Int.random(in: 0..<3, using: &random))"
            let force: JSONObject = Int.random(in: 0..<3, using: &random) == 0 ? ["forceDelete": true] : [:]
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1: return Store.createProfile(number, profile)
            case 2:
                return Store.createProfile(
                    number, profile, type: "CustomConnector",
                    ["connectorLabel": .string(label), "properties": ["CustomConnector": [:]]])
            case 3:
                return Store.resource(
                    number, "UpdateConnectorProfile", profile,
                    [
                        "connectionMode": "Public",
                        "properties": ["Salesforce": ["instanceUrl": .string("https://\(number)")]],
                    ])
            case 4, 5: return Store.resource(number, "DeleteConnectorProfile", profile, force)
            case 6: return Store.resource(number, "RegisterConnector", label, Store.lambda)
            case 7:
                return Store.resource(
                    number, "UpdateConnectorRegistration", label, ["description": .string("n\(number)")])
            case 8: return Store.resource(number, "UnregisterConnector", label, force)
            case 9: return Store.command(number, "DeleteFlow", flow)
            case 10:
                return Store.flow(
                    number, flow, profile: profile, operation: "UpdateFlow", description: "n\(number)")
            default: return Store.flow(number, flow, profile: profile, description: "n\(number)")
            }
        }

        private func dump(_ store: Store) throws -> [String] {
            try [
                "SELECT uuid, name, version, revision, description FROM flows ORDER BY uuid",
                "SELECT * FROM flow_profiles ORDER BY 1, 4",
                "SELECT uuid, name, version, connector_type, connector_label, properties, sealed_credentials "
                    + "FROM connector_profiles ORDER BY 1",
                "SELECT uuid, label, version, description FROM connector_registrations ORDER BY 1",
            ].flatMap { try store.connection.lines($0) }
        }

        @Test(arguments: 1...20)
        func batchesLeaveWhatSingleCommandsLeave(_ seed: UInt64) throws {
            var random = Random(state: seed &* 0x9E37_79B9_7F4A_7C15)
            let commands = (1...80).map { command($0, &random) }
            var model = Model()
            let predicted = commands.map { model.take($0) }
            var store = try Store()
            let single = try commands.flatMap { try store.apply([$0]) }
            #expect(single.map { $0?.isSuccess } == predicted)
            let expected = try dump(store)
            store = try Store()
            let batched = try store.applyInBatches(commands, &random)
            // The times of the answers' details are those of the commit.
            #expect(batched.map { $0?.result } == single.map { $0?.result })
            #expect(try dump(store) == expected)
            #expect(
                try store.connection.lines("SELECT flow_name, profile_name FROM flow_profiles ORDER BY 1")
                    == model.flows.sorted { $0.key < $1.key }.map { "\($0.key)|\($0.value)" })
            #expect(
                try store.connection.lines("SELECT name FROM connector_profiles ORDER BY 1")
                    == model.profiles.keys.sorted())
        }
    }
}
