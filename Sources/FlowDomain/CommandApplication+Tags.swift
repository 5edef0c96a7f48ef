// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import JSON

/// TagResource and UntagResource. Tags belong to the flow, not to its definition: neither its revision nor its time of
/// change goes by them.
extension CommandApplication {
    static let maximumTags = 50

    /// Adds tags and replaces those whose keys are there.
    func tagResource(_ command: Command, _ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        let added = command.input["tags"]?.objectValue ?? [:]
        try changeTags(of: command, &workspace) { tags in
            for (key, value) in added { tags[key] = value }
        }
        return [:]
    }

    /// Takes tags away; keys that are not there are no mistake.
    func untagResource(_ command: Command, _ workspace: inout FlowWorkspace) throws(APIError) -> JSONObject {
        let keys = (command.input["tagKeys"]?.arrayValue ?? []).compactMap(\.stringValue)
        try changeTags(of: command, &workspace) { tags in
            for key in keys { tags[key] = nil }
        }
        return [:]
    }

    private func changeTags(
        of command: Command, _ workspace: inout FlowWorkspace, _ change: (inout JSONObject) -> Void
    ) throws(APIError) {
        var flow = try existing(command, workspace)
        guard var tags = try? JSONValue.parse(Array(flow.tags.utf8)).objectValue else {
            throw .internalServer("The flow's tags cannot be read.")
        }
        let before = tags
        change(&tags)
        if tags.count > Self.maximumTags {
            throw .validation(
                "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less "
                    + "than or equal to \(Self.maximumTags)")
        }
        if tags == before { return }
        flow.tags = JSONValue.object(tags).serializedString()
        flow.version += 1
        workspace.put(flow)
    }
}
