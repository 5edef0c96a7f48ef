// SPDX-License-Identifier: Apache-2.0
public import JSON

/// Who is to hear what became of a command: as far as its message tells, even where nothing else of it can be read.
public struct CommandAsker: Sendable, Equatable {
    public let commandID: String
    public let account: String
    /// The api instance that waits.
    public let replyTo: String?
    /// Nobody waits: the outcome is kept for whoever asks for it.
    public let isAsync: Bool

    public init(_ command: Command) {
        commandID = command.id
        account = command.account
        replyTo = command.replyTo
        isAsync = command.isAsync
    }

    /// Nil when the message names no command.
    public init?(reading value: JSONValue) {
        guard let fields = try? MessageFields(value), let id = try? fields.uuid("id"),
            let account = try? fields.string("account")
        else { return nil }
        commandID = id
        self.account = account
        replyTo = (try? fields.optionalString("replyTo")) ?? nil
        isAsync = value["async"]?.boolValue ?? false
    }

    /// The key under which the outcome is kept, if it is.
    public var outcomeKey: TokenKey? { isAsync ? .outcome(account: account, id: commandID) : nil }
}
