// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import FlowDomain
import FlowStore
import HTTPServer
import JSON
import Observability
import PostgreSQL
import RoleSupport
import Synchronization
import Threading

/// Publishes commands and sees to it that each client is answered: by the outcome, by the row where the outcome was lost,
/// or by 503 when neither came in time.
final class CommandSender: Sendable {
    /// An outcome that has not come after this long may have been lost: the row is looked at.
    private static let overdueMilliseconds = 2_000
    private static let lookupsPerTick = 200
    /// A command outlives the wait of its client by this much, no longer: nothing old comes alive.
    private static let graceMilliseconds = 2_000

    let configuration: IngestorConfiguration
    let bus: MessageBus
    let outcomes: OutcomeConsumer
    let pending: PendingCommands
    let reads: ReadPool
    let answers: Answers
    let shared: SharedState
    let stop: StopSignal
    /// Commands that wait for the way back to be open.
    private let parked = Mutex<[(Command, HTTPExchange)]>([])

    init(
        configuration: IngestorConfiguration, bus: MessageBus, outcomes: OutcomeConsumer, pending: PendingCommands,
        reads: ReadPool, answers: Answers, shared: SharedState, stop: StopSignal
    ) {
        self.configuration = configuration
        self.bus = bus
        self.outcomes = outcomes
        self.pending = pending
        self.reads = reads
        self.answers = answers
        self.shared = shared
        self.stop = stop
    }

    private static let notSent = APIError.unavailable(
        "The request could not be recorded in time and was not carried out. Please try again.", retryAfterSeconds: 2)

    /// What became of a command that was sent is not known: it may have been carried out, or be until it expires.
    private static func unknown(_ operation: String) -> APIError {
        let advice =
            APIOperation.named(operation)?.takesClientToken == true
            ? "With the same clientToken the request can safely be sent again: it is carried out once."
            : "Look before sending the request again, or send it again where that does no harm."
        return .unavailable(
            "It is not known in time what became of the request: it may have been carried out, or be within seconds. "
                + advice, retryAfterSeconds: 2)
    }

    /// - Parameter holdsSecrets: the request may hold secrets that could be guessed. Its digest takes tens of
    ///   milliseconds then: not for threads of the server.
    func send(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ exchange: HTTPExchange, holdsSecrets: Bool = false
    ) throws(APIError) {
        let now = MonotonicClock.milliseconds
        let wait = configuration.commandDeadlineMilliseconds
        let isAsync = RequestPreferences.wantsAsync(exchange.request)
        // The embedded broker forgets: a client is answered by it only once its command is committed.
        let isKept = isAsync && bus.endpoint.map { !$0.embedded } ?? false
        let lifetime = isKept ? CommandResource.lifetimeMicroseconds : Int64(wait + Self.graceMilliseconds) * 1_000
        var command = try makeCommand(
            operation, input, caller, exchange.request, replyTo: isKept ? nil : configuration.instance,
            lifetime: lifetime, holdsSecrets: holdsSecrets)
        command.expected = try RequestPreferences.expectedTags(exchange.request).map { $0.map { .tag($0) } }
        command.isAsync = isAsync
        var waiting = PendingCommand(command: command, exchange: exchange, since: now, deadline: now + wait)
        if isAsync { waiting.resource = CommandResource(command, try shared.pageToken()) }
        guard pending.add(waiting) else {
            throw .busy
        }
        if outcomes.isReady || isKept {
            publish(command, of: exchange)
        } else {
            // Without a way back for the outcome nothing is sent: it may come within the client's patience.
            parked.withLock { $0.append((command, exchange)) }
        }
    }

    /// Answers a request that cannot be carried out as an earlier one with its token was answered, and if there was
    /// none with the refusal: a retry need not find everything as its first attempt did. Parameters are those of
    /// `send`.
    func answerAgain(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ exchange: HTTPExchange, holdsSecrets: Bool,
        otherwise refusal: APIError
    ) throws(APIError) {
        let now = MonotonicClock.milliseconds
        let deadline = now + Self.graceMilliseconds
        let command = try makeCommand(
            operation, input, caller, exchange.request, replyTo: nil, lifetime: 0, holdsSecrets: holdsSecrets)
        guard command.token != Command.ownToken(id: command.id), let key = TokenKey(command) else { throw refusal }
        let waiting = PendingCommand(command: command, exchange: exchange, since: now, deadline: deadline)
        let accepted = reads.submit(deadline: deadline) { [answers] connection in
            let stored = (try? connection.get()).flatMap { try? FlowReader($0).outcome(key) }
            if let stored, stored.digest == command.digest {
                answers.stored(stored, of: waiting)
            } else {
                answers.failure(refusal, to: exchange, operation: operation)
            }
        }
        if !accepted { throw refusal }
    }

    /// - Parameter lifetime: microseconds from now.
    private func makeCommand(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ request: HTTPRequest, replyTo: String?,
        lifetime: Int64, holdsSecrets: Bool
    ) throws(APIError) -> Command {
        let id = UUIDs.v4()
        let token = token(input, request, id)
        let digested = Self.digested(operation, request)
        let digest =
            holdsSecrets
            ? try shared.slowDigest(digested, of: "\(caller.account)/\(token)") : try shared.digest(digested)
        var command = Command(
            id: id, operation: operation, account: caller.account, region: caller.region, principal: caller.principal,
            resource: ResourceName(operation: operation, input: input), token: token, digest: digest, replyTo: replyTo,
            expiresAt: try shared.databaseNow() + lifetime, input: input)
        command.origin = request.remoteAddress
        command.requestID = request.id
        return command
    }

    private func publish(_ command: Command, of exchange: HTTPExchange) {
        let id = command.id
        let operation = command.operation
        let envelope = Envelope(
            id: id, kind: .command, source: "/millrace/api/\(configuration.instance)", subject: command.key,
            traceParent: exchange.request.headers.get("traceparent").flatMap(Self.validTraceParent))
        bus.send(
            topic: Topics.commands, key: command.key, headers: envelope.headers, value: command.encoded().serialized()
        ) { [pending, answers] error in
            // A message that timed out may still have been stored: it expires before anybody could take the retry for
            // another request, and carries the same token.
            if error != nil {
                guard let waiting = pending.remove(id) else { return }
                answers.failure(Self.unknown(operation), to: waiting.exchange, operation: operation)
            } else if command.replyTo == nil, let waiting = pending.remove(id), let resource = waiting.resource {
                answers.accepted(resource, nil, of: waiting)
            }
        }
    }

    /// What makes two requests the same: the operation, the body, and what stands elsewhere and changes the meaning.
    private static func digested(_ operation: String, _ request: HTTPRequest) -> [UInt8] {
        var bytes = Array(operation.utf8) + [0] + request.body
        if request.rawPath.hasPrefix("/tags/") { bytes += [0] + Array("\(request.rawPath)?\(request.rawQuery)".utf8) }
        for value in request.headers.all("if-match") { bytes += [0] + Array(value.utf8) }
        return bytes
    }

    /// Watches over deadlines and lost outcomes; runs until the stop signal, on its own thread.
    func watch() {
        while !stop.wait(milliseconds: 50) {
            publishParked()
            let now = MonotonicClock.milliseconds
            giveUp(pending.removeExpired(now: now))
            // While the database is away there is nothing to look for.
            if shared.problem != nil { continue }
            let overdue = pending.takeOverdue(
                now: now, olderThanMilliseconds: Self.overdueMilliseconds, limit: Self.lookupsPerTick)
            for waiting in overdue { lookUp(waiting, isLast: false) }
        }
    }

    /// Answers those whose patience has ended. What is parked still has not been sent, and never will be.
    private func giveUp(_ expired: [PendingCommand]) {
        if expired.isEmpty { return }
        let unsent = parked.withLock { Set($0.map { $0.0.id }) }
        for waiting in expired {
            if unsent.contains(waiting.command.id) {
                answers.failure(Self.notSent, to: waiting.exchange, operation: waiting.command.operation)
            } else {
                lookUp(waiting, isLast: true)
            }
        }
    }

    private func publishParked() {
        let waiting = parked.withLock { parked -> [(Command, HTTPExchange)] in
            if parked.isEmpty { return [] }
            if !outcomes.isReady {
                parked.removeAll { !pending.contains($0.0.id) }
                return []
            }
            defer { parked = [] }
            return parked
        }
        // Those whose clients were answered meanwhile are not sent any more.
        for (command, exchange) in waiting where pending.contains(command.id) { publish(command, of: exchange) }
    }

    private func lookUp(_ waiting: PendingCommand, isLast: Bool) {
        let operation = waiting.command.operation
        if isLast && shared.problem != nil {
            answers.failure(Self.unknown(operation), to: waiting.exchange, operation: operation)
            return
        }
        // The last look comes after the client's patience proper, within the time that a command is given beyond it.
        let deadline = waiting.deadline + Self.graceMilliseconds
        let accepted = reads.submit(deadline: deadline) { [pending, answers] connection in
            let isAsync = waiting.resource != nil
            let key = isAsync ? TokenKey.outcome(of: waiting.command) : TokenKey(waiting.command)
            let stored = (try? connection.get()).flatMap { connection in
                key.flatMap { try? FlowReader(connection).outcome($0) }
            }
            if let stored, isAsync || stored.answers(waiting.command) {
                if !isLast && pending.remove(waiting.command.id) == nil { return }
                answers.stored(stored, of: waiting)
            } else if isLast {
                answers.failure(Self.unknown(operation), to: waiting.exchange, operation: operation)
            }
        }
        if !accepted && isLast { answers.failure(Self.unknown(operation), to: waiting.exchange, operation: operation) }
    }

    /// What makes a retry recognisable: the client's token, else the id that AWS SDKs keep over the retries of one call,
    /// else the command itself, so that at least the same message is never applied twice.
    private func token(_ input: JSONObject, _ request: HTTPRequest, _ id: String) -> String {
        if let token = input["clientToken"]?.stringValue { return token }
        if let invocation = request.headers.get("amz-sdk-invocation-id"), Self.isPlain(invocation) {
            return "invocation:" + invocation
        }
        return Command.ownToken(id: id)
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 128 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private static func validTraceParent(_ text: String) -> String? {
        text.utf8.count == 55 && isPlain(text) ? text : nil
    }
}
