// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FlowStore
import JSON
import Kafka
import RoleSupport

/// What a committed batch sends: prepared before the commit, sent after it.
struct Effects {
    /// Outcomes by the api instance that waits for them.
    private(set) var outcomes: [String: [Outcome]] = [:]
    private(set) var offers: [RunOffer] = []
    /// Messages that are written to the outbox in the transaction.
    private(set) var outbox: [(topic: String, key: String, headers: String, value: String)] = []
    private(set) var applied: [(operation: String, succeeded: Bool)] = []
    private(set) var audit: [AuditLog.Entry] = []
    private(set) var expired = 0
    private(set) var deadLetters = 0
    /// Failures of commands that nobody waits for, to be kept in the transaction.
    private(set) var failures: [(key: TokenKey, outcome: StoredOutcome)] = []

    private static let offerLimit = 64
    private static let buriedBytes = 256 * 1024
    private static let buriedKeyBytes = 4 * 1024
    private static let buriedHeaderBytes = 16 * 1024

    private let source: String

    init(source: String) { self.source = source }

    mutating func add(_ outcome: Outcome, of command: Command) {
        note(outcome, of: command)
        if let replyTo = command.replyTo { outcomes[replyTo, default: []].append(outcome) }
    }

    /// A command that goes to the dead letters.
    mutating func fail(_ command: Command) { note(fail(CommandAsker(command)), of: command) }

    private mutating func note(_ outcome: Outcome, of command: Command) {
        applied.append((command.operation, outcome.isSuccess))
        if !outcome.isReplay { audit.append(AuditLog.Entry(command, outcome)) }
    }

    mutating func addExpired() { expired += 1 }

    /// Whoever asked for a command that goes to the dead letters is told.
    @discardableResult
    mutating func fail(_ asker: CommandAsker) -> Outcome {
        let outcome = Outcome(
            commandID: asker.commandID,
            error: .internalServer(
                "The request could not be carried out, and will not be: it is among the dead letters."))
        if let replyTo = asker.replyTo { outcomes[replyTo, default: []].append(outcome) }
        if let key = asker.outcomeKey { failures.append((key, StoredOutcome(outcome))) }
        return outcome
    }

    /// Of a large batch a few runs are offered: the workers that claim these go on with the others by themselves.
    mutating func offer(_ runs: [NewRun]) {
        offers += runs.prefix(Self.offerLimit).map { RunOffer(runID: $0.runID) }
    }

    mutating func post(_ event: RunEvent) {
        let envelope = Envelope(id: event.eventID, kind: .runEvent, source: source, subject: event.flowUUID)
        outbox.append((Topics.runEvents, event.key, envelope.headersText, event.encoded().serializedString()))
    }

    /// The message goes to the operators with the reason and where it came from.
    mutating func bury(_ message: KafkaMessage, reason: String) {
        deadLetters += 1
        let key = Self.textSafe(Array((message.key ?? []).prefix(Self.buriedKeyBytes)))
        var value = JSONObject()
        value["reason"] = .string(reason)
        value["topic"] = .string(message.topic)
        value["partition"] = .number(JSONNumber(Int(message.partition)))
        value["offset"] = .number(JSONNumber(Int(message.offset)))
        let bytes = message.value ?? []
        value["value"] = .string(Self.textSafe(Array(bytes.prefix(Self.buriedBytes))))
        // Escaped once more it must still fit into a message.
        if bytes.count > Self.buriedBytes { value["truncatedFrom"] = .number(JSONNumber(bytes.count)) }
        var headers = JSONObject()
        var room = Self.buriedHeaderBytes
        for header in message.headers where header.name.utf8.count <= room {
            room -= header.name.utf8.count
            headers[header.name] = .string(Self.textSafe(Array(header.value.utf8.prefix(room))))
            room -= min(room, header.value.utf8.count)
        }
        value["headers"] = .object(headers)
        let envelope = Envelope(
            id: "\(message.topic)/\(message.partition)/\(message.offset)", kind: .deadLetter, source: source,
            subject: key)
        outbox.append(
            (
                Topics.deadLetters, key, envelope.headersText,
                JSONValue.object(value).serializedString()
            ))
    }

    /// Bytes as text that PostgreSQL can hold: repaired UTF-8 without NUL.
    private static func textSafe(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.map { $0 == 0 ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }
}
