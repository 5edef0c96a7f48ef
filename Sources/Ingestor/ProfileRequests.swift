// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import HTTPServer
import JSON
import PostgreSQL
import Threading

/// Changes of connector profiles and custom connectors: checks them, seals credentials, and sends the command on. From here
/// on nothing in the service but a worker can read a credential.
///
/// Sealing may ask KMS, and the digest of a secret takes its time: both on threads of their own.
struct ProfileRequests: Sendable {
    let sealing: CredentialSealing
    let threads: DeadlinePool<DeadlineJob>
    let reads: ReadPool
    let answers: Answers
    let commands: CommandSender
    /// How long a request may take until its command is sent.
    let patienceMilliseconds: Int

    static let operations: Set<String> = [
        "CreateConnectorProfile", "UpdateConnectorProfile", "DeleteConnectorProfile", "RegisterConnector",
        "UpdateConnectorRegistration", "UnregisterConnector",
    ]

    func send(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ exchange: HTTPExchange
    ) throws(APIError) {
        switch operation {
        case "CreateConnectorProfile":
            try ProfileRules.checkCreate(input)
            let request = Request(operation: operation, input: input, caller: caller, exchange: exchange, deadline)
            try seal(request, kmsArn: input["kmsArn"]?.stringValue)
        case "UpdateConnectorProfile":
            let request = Request(operation: operation, input: input, caller: caller, exchange: exchange, deadline)
            let holdsCredentials = try ProfileRules.credentialsMember(input) != nil
            if holdsCredentials && sealing.kms != nil {
                try findKey(request)
            } else {
                try seal(request, kmsArn: nil)
            }
        case "RegisterConnector", "UpdateConnectorRegistration":
            try ProfileRules.checkRegistration(input, isNew: operation == "RegisterConnector")
            let known = ProfileRules.knownRegistration(input, operation: operation)
            try commands.send(operation, known, caller, exchange)
        default:
            try commands.send(operation, input, caller, exchange)
        }
    }

    private struct Request: Sendable {
        let operation: String
        let input: JSONObject
        let caller: Caller
        let exchange: HTTPExchange
        /// Monotonic milliseconds.
        let deadline: Int

        init(operation: String, input: JSONObject, caller: Caller, exchange: HTTPExchange, _ deadline: Int) {
            self.operation = operation
            self.input = input
            self.caller = caller
            self.exchange = exchange
            self.deadline = deadline
        }
    }

    private var deadline: Int { MonotonicClock.milliseconds + patienceMilliseconds }

    /// Goes on with the key that the profile was made with. By the time the command is applied there may be another
    /// profile of that name: so the command says for which key it is, and counts for no other. Where there is no
    /// profile yet, the controller has the last word.
    private func findKey(_ request: Request) throws(APIError) {
        let accepted = reads.submit(deadline: request.deadline) { connection in
            attempt(request) { () throws(APIError) in
                let name = request.input["connectorProfileName"]?.stringValue ?? ""
                let key = FlowKey(account: request.caller.account, name: name)
                let profile: ProfileRecord?
                do {
                    profile = try ProfileReader(try connection.get()).find(key)
                } catch let error as PostgresError {
                    throw StoreReads.translated(error)
                } catch {
                    throw .internalServer()
                }
                try seal(request, kmsArn: profile?.kmsArn, wasLookedUp: true)
            }
        }
        if !accepted { throw .busy }
    }

    private func seal(_ request: Request, kmsArn: String?, wasLookedUp: Bool = false) throws(APIError) {
        let accepted = threads.submit(deadline: request.deadline) { left in
            attempt(request) { () throws(APIError) in
                if left <= 0 { throw .busy }
                var command: JSONObject
                do throws(APIError) {
                    command = try sealing.command(
                        request.input, request.caller, kmsArn: kmsArn, deadline: request.deadline)
                } catch {
                    // The key may have served the first attempt of this request.
                    try commands.answerAgain(
                        request.operation, request.input, request.caller, request.exchange, holdsSecrets: true,
                        otherwise: error)
                    return
                }
                if wasLookedUp {
                    command["wrapping"] = .object(kmsArn.map { ["kmsArn": .string($0)] } ?? [:])
                }
                try commands.send(
                    request.operation, command, request.caller, request.exchange, holdsSecrets: true)
            }
        }
        if !accepted { throw .busy }
    }

    private func attempt(_ request: Request, _ body: () throws(APIError) -> Void) {
        do throws(APIError) {
            try body()
        } catch {
            answers.failure(error, to: request.exchange, operation: request.operation)
        }
    }
}
