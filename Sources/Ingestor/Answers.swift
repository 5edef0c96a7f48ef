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

    func success(_ body: [UInt8], to exchange: HTTPExchange, operation: String) {
        requests.increment(by: 1, [operation, "200"])
        var response = HTTPResponse.json(status: 200, body)
        response.headers.append(("x-amzn-RequestId", exchange.request.id))
        exchange.respond(response)
        observe(exchange, operation)
    }

    func failure(_ error: APIError, to exchange: HTTPExchange, operation: String) {
        requests.increment(by: 1, [operation, String(error.status)])
        var response = HTTPResponse.json(status: error.status, error.body)
        response.headers.append(("x-amzn-ErrorType", error.code))
        response.headers.append(("x-amzn-RequestId", exchange.request.id))
        if let seconds = error.retryAfterSeconds { response.headers.append(("Retry-After", String(seconds))) }
        exchange.respond(response)
        observe(exchange, operation)
        if error.status >= 500 {
            logger.warning(
                "request failed",
                [
                    .request: exchange.request.id, .operation: operation, .status: String(error.status),
                    .error: error.message,
                ])
        }
    }

    func outcome(_ outcome: Outcome, of pending: PendingCommand) {
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
            success(JSONValue.object(response).serialized(), to: pending.exchange, operation: operation)
        case .failure(let code, let message):
            failure(APIError(code: code, message: message), to: pending.exchange, operation: operation)
        }
    }

    private func observe(_ exchange: HTTPExchange, _ operation: String) {
        seconds.observe(exchange.request.secondsSinceReceived, [operation])
    }
}
