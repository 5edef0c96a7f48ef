// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import HTTPServer
import JSON
import Observability

/// Answers in AppFlow's shape.
struct Answers: Sendable {
    let requests: Counter
    let seconds: Histogram
    let logger: Logger

    /// Operations that AppFlow answers with 204, whatever their model says.
    private static let bodiless: Set<String> = ["TagResource", "UntagResource"]

    func success(
        _ body: [UInt8], to exchange: HTTPExchange, operation: String, details: OutcomeDetails? = nil,
        status: Int = 200, headers: [(String, String)] = []
    ) {
        var response: HTTPResponse
        if DocumentedEnvelope.applies(to: exchange.request) {
            response = HTTPResponse.json(status: status, DocumentedEnvelope.success(body, details))
        } else if status == 200 && Self.bodiless.contains(operation) {
            response = HTTPResponse(status: 204)
        } else {
            response = HTTPResponse.json(status: status, body)
        }
        requests.increment(by: 1, [operation, String(response.status)])
        response.headers.append(("x-amzn-RequestId", exchange.request.id))
        if let tag = details?.entityTag { response.headers.append(("ETag", "\"\(tag)\"")) }
        response.headers += headers
        exchange.respond(response)
        observe(exchange, operation)
    }

    func failure(_ error: APIError, to exchange: HTTPExchange, operation: String) {
        requests.increment(by: 1, [operation, String(error.status)])
        let body =
            DocumentedEnvelope.applies(to: exchange.request) ? DocumentedEnvelope.failure(error) : error.body
        var response = HTTPResponse.json(status: error.status, body)
        response.headers.append(("x-amzn-ErrorType", error.code))
        response.headers.append(("x-amzn-RequestId", exchange.request.id))
        if let seconds = error.retryAfterSeconds { response.headers.append(("Retry-After", String(seconds))) }
        exchange.respond(response)
        observe(exchange, operation)
        func fields() -> [LogKey: String] {
            [
                .request: exchange.request.id, .operation: operation, .status: String(error.status),
                .error: error.message,
            ]
        }
        if error.status >= 500 {
            logger.warning("request failed", fields())
        } else {
            logger.debug("request refused", fields())
        }
    }

    /// What `Prefer: respond-async` is answered: the command's resource, whether or not there is an outcome yet.
    func accepted(_ resource: CommandResource, _ outcome: Outcome?, of pending: PendingCommand) {
        var headers = [("Location", resource.path), ("Preference-Applied", "respond-async")]
        if outcome == nil { headers.append(("Retry-After", "1")) }
        success(
            JSONValue.object(outcome.map(resource.body) ?? resource.pending).serialized(), to: pending.exchange,
            operation: pending.command.operation, details: outcome?.details, status: 202, headers: headers)
    }

    /// What a row says that was found because no outcome came.
    func stored(_ stored: StoredOutcome, of pending: PendingCommand) {
        if let resource = pending.resource {
            accepted(resource, stored.outcome, of: pending)
        } else {
            success(
                Array(stored.response.utf8), to: pending.exchange, operation: pending.command.operation,
                details: stored.details)
        }
    }

    func outcome(_ outcome: Outcome, of pending: PendingCommand) {
        if let resource = pending.resource {
            accepted(resource, outcome, of: pending)
            return
        }
        let operation = pending.command.operation
        switch outcome.result {
        case .success(let response):
            var fields: [LogKey: String] = [
                .request: pending.exchange.request.id, .operation: operation,
                .account: pending.command.account,
            ]
            let resource = pending.command.resource
            fields[resource.kind == .flow ? .flow : .resource] = resource.name
            if let run = response["executionId"]?.stringValue { fields[.run] = run }
            logger.info("applied", fields)
            success(
                JSONValue.object(response).serialized(), to: pending.exchange, operation: operation,
                details: outcome.details)
        case .failure(let code, let message):
            failure(APIError(code: code, message: message), to: pending.exchange, operation: operation)
        }
    }

    private func observe(_ exchange: HTTPExchange, _ operation: String) {
        seconds.observe(exchange.request.secondsSinceReceived, [operation])
    }
}
