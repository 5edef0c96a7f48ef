// SPDX-License-Identifier: Apache-2.0
public import JSON

/// What an answer tells beside the operation's output: in its `ETag`, and in the documented envelope.
public struct OutcomeDetails: Sendable, Equatable {
    /// The flow's uuid, or the execution id of the run that was started.
    public let id: String
    /// Microseconds since 1970: when the flow was created, or the run started.
    public let createdAt: Int64
    /// Of the flow's definition; nil for runs.
    public let revision: Int64?

    /// Of the flow's definition, without quotes; nil for runs.
    public var entityTag: String? { revision.map { EntityTag.of(flow: id, revision: $0) } }

    public init(id: String, createdAt: Int64, revision: Int64? = nil) {
        self.id = id
        self.createdAt = createdAt
        self.revision = revision
    }

    /// Of a flow.
    public init(_ flow: FlowRecord) {
        self.init(id: flow.uuid, createdAt: flow.createdAt, revision: flow.revision)
    }

    /// Of what a command has just done; nil for operations that make or replace nothing.
    init?(_ command: Command, response: JSONObject, in workspace: FlowWorkspace) {
        switch command.operation {
        case "CreateFlow", "UpdateFlow":
            let key = FlowKey(account: command.account, name: command.flowName)
            guard let flow = workspace.flow(key) else { return nil }
            self.init(flow)
        case "StartFlow":
            guard let run = workspace.newRuns.last, run.runID == response["executionId"]?.stringValue else {
                return nil
            }
            self.init(id: run.runID, createdAt: run.queuedAt)
        default:
            return nil
        }
    }

    public func encoded() -> JSONValue {
        var object: JSONObject = ["id": .string(id), "createdAt": .number(JSONNumber(Int(createdAt)))]
        if let revision { object["revision"] = .number(JSONNumber(Int(revision))) }
        return .object(object)
    }

    /// Nil where there are none: controllers of before sent and stored none.
    public init?(decoding value: JSONValue?) {
        guard let value, let id = value["id"]?.stringValue, let createdAt = value["createdAt"]?.intValue else {
            return nil
        }
        self.init(id: id, createdAt: Int64(createdAt), revision: value["revision"]?.intValue.map { Int64($0) })
    }

    /// As stored beside the response.
    public var text: String { encoded().serializedString() }

    public init?(text: String) {
        self.init(decoding: text.isEmpty ? nil : try? JSONValue.parse(Array(text.utf8)))
    }
}
