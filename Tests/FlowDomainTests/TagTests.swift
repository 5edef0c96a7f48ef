// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Testing

@Suite struct TagTests {
    private let application = CommandApplication(now: Fixtures.now)
    private let key = FlowKey(account: Fixtures.account, name: "orders")

    private func loaded(_ tags: JSONObject) throws -> FlowWorkspace {
        var workspace = FlowWorkspace(flows: [], runs: [], outcomes: [:])
        _ = application.apply(Fixtures.create(1), to: &workspace)
        var flow = try #require(workspace.flow(key))
        flow.version = 7
        flow.tags = JSONValue.object(tags).serializedString()
        // As loaded for anything but an update.
        flow.definition = nil
        return FlowWorkspace(flows: [flow], runs: [], outcomes: [:])
    }

    private func tag(_ number: Int, _ tags: JSONObject) -> Command {
        Fixtures.command(number, "TagResource", input: ["flowName": "orders", "tags": .object(tags)])
    }

    private func untag(_ number: Int, _ keys: JSONValue) -> Command {
        Fixtures.command(number, "UntagResource", input: ["flowName": "orders", "tagKeys": keys])
    }

    @Test func tagsAreMergedAndTheDefinitionStays() throws {
        var workspace = try loaded(["a": "1", "b": "2"])
        #expect(application.apply(tag(2, ["b": "3", "c": "4"]), to: &workspace)?.response == [:])
        #expect(workspace.flow(key)?.tags == #"{"a":"1","b":"3","c":"4"}"#)
        #expect(application.apply(untag(3, ["a", "nothing"]), to: &workspace)?.response == [:])
        let flow = try #require(workspace.flow(key))
        #expect(flow.tags == #"{"b":"3","c":"4"}"#)
        #expect((flow.version, flow.revision, flow.updatedAt) == (9, 1, Fixtures.now))
        #expect(workspace.updatedFlows.map { $0.expectedVersion } == [7])
        #expect(workspace.supersededDefinitions.isEmpty)
    }

    @Test func whatChangesNothingIsNotWritten() throws {
        var workspace = try loaded(["a": "1"])
        _ = application.apply(tag(2, ["a": "1"]), to: &workspace)
        _ = application.apply(untag(3, ["b"]), to: &workspace)
        #expect(workspace.updatedFlows.isEmpty)
    }

    @Test func fiftyTagsAreEnough() throws {
        let tags = JSONObject((0..<49).map { (key: "k\($0)", value: JSONValue.string("v")) })
        var workspace = try loaded(tags)
        #expect(application.apply(tag(2, ["fiftieth": "v"]), to: &workspace)?.isSuccess == true)
        let outcome = application.apply(tag(3, ["k0": "new", "more": "v"]), to: &workspace)
        #expect(outcome?.code == "ValidationException")
        #expect(outcome?.message.contains("less than or equal to 50") == true)
        #expect(workspace.flow(key)?.tags.contains("new") == false, "all or nothing")
        #expect(application.apply(tag(4, ["k0": "new"]), to: &workspace)?.isSuccess == true)
    }

    /// The definition that a batch loaded for an update is not stored once more because the flow was tagged before.
    @Test func tagsBetweenUpdatesMakeNoRevisions() throws {
        var workspace = FlowWorkspace(flows: [], runs: [], outcomes: [:])
        _ = application.apply(Fixtures.create(1), to: &workspace)
        let flow = try #require(workspace.flow(key))
        workspace = FlowWorkspace(flows: [flow], runs: [], outcomes: [:])
        for number in 2...4 {
            _ = application.apply(tag(number * 2, ["k": .string("\(number)")]), to: &workspace)
            let input = Fixtures.input("orders", description: "update \(number)")
            _ = application.apply(Fixtures.command(number * 2 + 1, "UpdateFlow", input: input), to: &workspace)
        }
        #expect(workspace.supersededDefinitions.map { $0.revision } == [2, 3])
        #expect(workspace.updatedFlows.map { $0.record.revision } == [4])
        #expect(workspace.flow(key)?.tags == #"{"k":"4"}"#)
    }
}
