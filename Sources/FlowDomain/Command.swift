// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
public import JSON

/// A change that a client asked for, as it travels from the api to the controllers on the topic `commands`.
public struct Command: Sendable, Equatable {
    /// Unique; also the uuid of the resource it creates or the execution id of the run it starts, so that applying it again
    /// makes the same thing.
    public let id: String
    /// The operation's name in AppFlow's model, for example `StartFlow`.
    public let operation: String
    public let account: String
    public let region: String
    /// ARN of who sent it.
    public let principal: String
    /// What it is about.
    public let resource: ResourceName
    /// What makes a retry recognisable; nil when the client gave nothing of the kind.
    public let token: String?
    /// Keyed digest of the request as it came; empty without a token.
    public let digest: String
    /// The api instance that waits for the outcome; nil when nobody does.
    public let replyTo: String?
    /// Microseconds since 1970 by the database's clock: after this nobody waits, and the command must not be applied.
    public let expiresAt: Int64
    /// The operation's input, validated.
    public let input: JSONObject
    /// Definitions of which the flow must have one (`If-Match`); nil for any.
    public var expected: [ExpectedDefinition]?
    /// Nobody waits for it: its outcome is kept for whoever asks for it.
    public var isAsync = false
    /// The address that the request came from, and the request's id: for the audit log.
    public var origin: String?
    public var requestID: String?

    public init(
        id: String, operation: String, account: String, region: String, principal: String, resource: ResourceName,
        token: String?, digest: String, replyTo: String?, expiresAt: Int64, input: JSONObject
    ) {
        self.id = id
        self.operation = operation
        self.account = account
        self.region = region
        self.principal = principal
        self.resource = resource
        self.token = token
        self.digest = digest
        self.replyTo = replyTo
        self.expiresAt = expiresAt
        self.input = input
    }

    /// A command about a flow.
    public init(
        id: String, operation: String, account: String, region: String, principal: String, flowName: String,
        token: String?, digest: String, replyTo: String?, expiresAt: Int64, input: JSONObject
    ) {
        self.init(
            id: id, operation: operation, account: account, region: region, principal: principal,
            resource: ResourceName(.flow, flowName), token: token, digest: digest, replyTo: replyTo,
            expiresAt: expiresAt, input: input)
    }

    /// The flow it is about; empty when it is about something else.
    public var flowName: String { resource.kind == .flow ? resource.name : "" }

    /// The token of a command whose client gave none: only the command's own message can carry it again.
    public static func ownToken(id: String) -> String { "command:" + id }

    /// The message key: commands of one resource stay in order.
    public var key: String { "\(account)/\(resource.kind.rawValue)/\(resource.name)" }

    public func encoded() -> JSONValue {
        var object = JSONObject()
        object["id"] = .string(id)
        object["operation"] = .string(operation)
        object["account"] = .string(account)
        object["region"] = .string(region)
        object["principal"] = .string(principal)
        if resource.kind == .flow {
            object["flow"] = .string(resource.name)
        } else {
            object["kind"] = .string(resource.kind.rawValue)
            object["name"] = .string(resource.name)
        }
        if let token {
            object["token"] = .string(token)
            object["digest"] = .string(digest)
        }
        if let replyTo { object["replyTo"] = .string(replyTo) }
        object["expiresAt"] = .number(JSONNumber(Int(expiresAt)))
        object["input"] = .object(input)
        if let expected {
            object["ifMatch"] = .array(
                expected.map { definition in
                    switch definition {
                    case .tag(let tag): .string(tag)
                    case .revision(let revision): .number(JSONNumber(Int(revision)))
                    }
                })
        }
        if isAsync { object["async"] = true }
        if let origin { object["origin"] = .string(origin) }
        if let requestID { object["request"] = .string(requestID) }
        return .object(object)
    }

    /// - Throws: `MessageError` naming the member that is missing or of the wrong type. Unknown members are ignored.
    public init(decoding value: JSONValue) throws(MessageError) {
        let fields = try MessageFields(value)
        id = try fields.uuid("id")
        operation = try fields.string("operation")
        account = try fields.string("account")
        region = try fields.string("region")
        principal = try fields.string("principal")
        if value["kind"] == nil {
            resource = ResourceName(.flow, try fields.string("flow"))
        } else {
            guard let kind = ARN.Kind(rawValue: try fields.string("kind")) else {
                throw MessageError("member kind is of no kind that this version knows")
            }
            resource = ResourceName(kind, try fields.string("name"))
        }
        token = try fields.optionalString("token")
        digest = try fields.optionalString("digest") ?? ""
        replyTo = try fields.optionalString("replyTo")
        expiresAt = try fields.int("expiresAt")
        input = try fields.object("input")
        if value["ifMatch"] != nil {
            expected = try fields.array("ifMatch").compactMap { value in
                value.stringValue.map { .tag($0) } ?? value.intValue.map { .revision(Int64($0)) }
            }
        }
        isAsync = value["async"]?.boolValue ?? false
        origin = try fields.optionalString("origin")
        requestID = try fields.optionalString("request")
    }
}
