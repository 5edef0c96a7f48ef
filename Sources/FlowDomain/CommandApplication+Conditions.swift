// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import JSON

extension CommandApplication {
    /// The flow that a command is to change, at one of the definitions that its client knows (`If-Match`). Compared here,
    /// where nothing comes between the comparison and the change.
    func expected(_ command: Command, _ workspace: FlowWorkspace) throws(APIError) -> FlowRecord {
        let flow = try existing(command, workspace)
        guard let expected = command.expected, !expected.contains(where: { $0.names(flow) }) else { return flow }
        throw .conflict(
            "Conflict executing request: Flow \(flow.name) was changed meanwhile: its version is \"\(flow.entityTag)\", which "
                + "If-Match does not name.")
    }

    /// What became of a command that nobody waits for, if it was applied already: its message may come again as long
    /// as it has not expired, and errors keep no client token.
    func known(_ command: Command, _ workspace: FlowWorkspace) -> Outcome? {
        guard command.isAsync, let stored = workspace.storedOutcome(.outcome(of: command)) else { return nil }
        var outcome = stored.outcome
        outcome?.isReplay = true
        return outcome
    }
}

extension TokenKey {
    /// The key under which the outcome of a command that nobody waits for is kept for whoever asks, errors included.
    public static func outcome(of command: Command) -> TokenKey { outcome(account: command.account, id: command.id) }

    public static func outcome(account: String, id: String) -> TokenKey {
        TokenKey(account: account, operation: "Command", scope: "", token: id)
    }
}

extension StoredOutcome {
    /// For `TokenKey.outcome`.
    public init(_ outcome: Outcome) {
        self.init(digest: "", response: outcome.encoded().serializedString())
    }

    /// The whole outcome, of what is kept under `TokenKey.outcome`.
    public var outcome: Outcome? {
        guard let value = try? JSONValue.parse(Array(response.utf8)) else { return nil }
        return try? Outcome(decoding: value)
    }
}
