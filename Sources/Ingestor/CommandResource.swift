// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import HTTPServer
import JSON

/// What `Prefer: respond-async` answers: a resource that tells what became of the command, for as long as outcomes are
/// kept. Its id holds the command's id, operation and expiry under the digest of paging tokens, so that nothing has to be
/// stored before the command is applied, and no account can ask for another's.
struct CommandResource: Sendable {
    static let operation = "DescribeCommand"
    /// How long such a command may wait for a controller; its outcome is kept for eight hours from then on.
    static let lifetimeMicroseconds: Int64 = 4 * hour
    private static let keptMicroseconds: Int64 = 8 * hour
    private static let hour: Int64 = 3_600 * 1_000_000
    /// A transaction that began before the command expired is committed by then, or never.
    private static let commitMicroseconds: Int64 = 60 * 1_000_000
    private static let prefix = "/commands/"

    /// What the client names it by.
    let id: String
    let commandID: String
    let operation: String
    let expiresAt: Int64

    init(_ command: Command, _ tokens: PageToken) {
        commandID = command.id
        operation = command.operation
        expiresAt = command.expiresAt
        id = tokens.make("\(commandID)/\(operation)/\(expiresAt)", list: Self.list(command.account))
    }

    /// Nil when the id is none of ours, or of another account.
    init?(id: String, account: String, _ tokens: PageToken) {
        guard let parts = tokens.read(id, list: Self.list(account))?.split(separator: "/"), parts.count == 3,
            let expiresAt = Int64(parts[2])
        else { return nil }
        self.id = id
        commandID = String(parts[0])
        operation = String(parts[1])
        self.expiresAt = expiresAt
    }

    private static func list(_ account: String) -> String { "commands/\(account)" }

    /// The id in a request's path; nil for requests of other things.
    static func id(in request: HTTPRequest) -> String? {
        guard request.method == "GET", request.rawPath.hasPrefix(prefix) else { return nil }
        return String(request.rawPath.dropFirst(prefix.count))
    }

    var path: String { Self.prefix + id }

    /// While there is no outcome.
    var pending: JSONObject { body("Pending") }

    func body(_ outcome: Outcome) -> JSONObject {
        switch outcome.result {
        case .success(let response): body("Succeeded", response: response)
        case .failure(let code, let message): body("Failed", error: APIError(code: code, message: message))
        }
    }

    /// Without an outcome it is waiting, or has expired: no controller came to it, and none will.
    /// - Throws: ResourceNotFoundException when it is so long ago that an outcome would have been forgotten.
    func bodyWithoutOutcome(now: Int64) throws(APIError) -> JSONObject {
        if now <= expiresAt + Self.commitMicroseconds { return pending }
        // However soon after it was sent it was carried out, that is still known.
        guard now <= expiresAt - Self.lifetimeMicroseconds + Self.keptMicroseconds else {
            throw .notFound("What became of the request is not known any more.")
        }
        return body(
            "Expired",
            error: .unavailable(
                "No controller came to the request in time. It was not carried out, and will not be: send it again."))
    }

    private func body(_ status: String, response: JSONObject? = nil, error: APIError? = nil) -> JSONObject {
        var body: JSONObject = [
            "commandId": .string(id), "operation": .string(operation), "status": .string(status),
        ]
        body["response"] = response.map { .object($0) }
        body["error"] = error.map { .object(["code": .string($0.code), "message": .string($0.message)]) }
        return body
    }

    /// `GET /commands/{id}`.
    static func read(
        _ input: JSONObject, _ caller: Caller, _ reader: FlowReader, _ shared: SharedState
    ) throws -> JSONObject {
        let id = input["commandId"]?.stringValue ?? ""
        guard let resource = CommandResource(id: id, account: caller.account, try shared.pageToken()) else {
            throw APIError.notFound("There is no such command.")
        }
        let now = try shared.databaseNow()
        let stored = try reader.outcome(.outcome(account: caller.account, id: resource.commandID))
        if let outcome = stored?.outcome { return resource.body(outcome) }
        return try resource.bodyWithoutOutcome(now: now)
    }
}
