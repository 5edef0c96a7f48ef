// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import Observability

/// One line for every command that was decided: who asked for what, from where, and what came of it. Written after the
/// commit, by the controller that made it, whatever the level of the log; answers that were told again are no changes.
struct AuditLog: Sendable {
    struct Entry: Sendable {
        let fields: [LogKey: String]

        init(_ command: Command, _ outcome: Outcome) {
            var fields: [LogKey: String] = [
                .account: command.account, .principal: command.principal, .operation: command.operation,
                command.resource.kind == .flow ? .flow : .resource: command.resource.name,
            ]
            if let origin = command.origin, !origin.isEmpty { fields[.address] = origin }
            if let request = command.requestID { fields[.request] = request }
            if let revision = outcome.details?.revision { fields[.revision] = String(revision) }
            switch outcome.result {
            case .success(let response):
                fields[.status] = "done"
                if let run = response["executionId"]?.stringValue { fields[.run] = run }
            case .failure(let code, _):
                // The code alone: messages may repeat what the client sent.
                fields[.status] = "refused"
                fields[.error] = code
            }
            self.fields = fields
        }
    }

    let logger: Logger

    func write(_ entries: [Entry]) {
        logger.record("audit", entries.map(\.fields))
    }
}
