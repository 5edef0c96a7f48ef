// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import JSON
import Testing

@testable import Ingestor

struct EchoedDefinitionsTests {
    private func flow(_ uuid: String, _ revision: Int64, _ definition: String?) -> FlowRecord {
        FlowRecord(
            uuid: uuid, account: "000000000000", name: "n", version: 1, revision: revision, schemaVersion: 1,
            status: .active, statusMessage: nil, description: nil, triggerType: "OnDemand", sourceType: "S3",
            destinationType: "S3", tags: "{}", createdAt: 0, updatedAt: 0, createdBy: "", updatedBy: "",
            definition: definition)
    }

    private func named(_ name: String) -> String { "{\"flowName\":\"\(name)\",\"unknown\":1}" }

    @Test func eachRevisionOfEachFlowHasItsOwn() throws {
        let definitions = EchoedDefinitions(bytes: 10_000)
        for _ in 0..<2 {
            for (uuid, revision, name) in [("a", 1, "one"), ("a", 2, "two"), ("b", 1, "three")] {
                let echoed = try definitions.echoed(flow(uuid, Int64(revision), named(name)))
                #expect(echoed == ["flowName": .string(name), "tags": .object([:])])
            }
        }
        #expect(definitions.count == 3)
    }

    /// What was asked for lately stays, the rest goes; the answer is the same either way.
    @Test func whatIsKeptIsBounded() throws {
        let size = named("n-000").utf8.count
        let definitions = EchoedDefinitions(bytes: size * 20)
        for number in 100..<400 {
            for asked in [number, 100] {
                let echoed = try definitions.echoed(flow("u\(asked)", 1, named("n-\(asked)")))
                #expect(echoed["flowName"] == .string("n-\(asked)"))
            }
            #expect(definitions.count <= 20)
        }
        #expect(definitions.count >= 10)
        let large = "{\"flowName\":\"large\",\"description\":\"\(String(repeating: "x", count: size * 20))\"}"
        #expect(try definitions.echoed(flow("large", 1, large))["flowName"] == "large")
        #expect(definitions.count <= 20)
    }

    @Test func anUnreadableDefinitionIsAnErrorEachTime() {
        let definitions = EchoedDefinitions(bytes: 1_000)
        for text in [nil, "", "[]", "{"] {
            let error = #expect(throws: APIError.self) { try definitions.echoed(flow("a", 1, text)) }
            #expect(error?.status == 500)
        }
        #expect(definitions.count == 0)
    }
}
