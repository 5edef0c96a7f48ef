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
    static let lifetimeMicroseconds: Int64 = 4 * 3_600 * 1_000_000
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

    /// - Parameter outcome: nil while there is none.
    func body(_ outcome: Outcome?, now: Int64) -> JSONObject {
        var body: JSONObject = ["commandId": .string(id), "operation": .string(operation)]
        switch outcome?.result {
        case .success(let response):
            body["status"] = "Succeeded"
            body["response"] = .object(response)
        case .failure(let code, let message):
            body["status"] = "Failed"
            body["error"] = .object(["code": .string(code), "message": .string(message)])
        case nil:
            // No controller came to it, and none will: or it is so long ago that its outcome was forgotten.
            body["status"] = now > expiresAt ? "Expired" : "Pending"
        }
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
        return resource.body(stored?.outcome, now: now)
    }
}
