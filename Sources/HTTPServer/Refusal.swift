// SPDX-License-Identifier: Apache-2.0

/// Why the server itself, not a handler, turns a request down.
enum Refusal: Equatable {
    /// Malformed, or framed so that another HTTP implementation might see other requests in the same bytes.
    case malformed(String)
    case methodNotAllowed
    case bodyTooLarge(maximum: Int)
    case expectationFailed
    case requestTimeout
    case overloaded
    case shuttingDown
    /// It was being answered when the server's patience for that ended.
    case abandoned

    var response: HTTPResponse {
        switch self {
        case .malformed(let reason): .failure(400, code: "BadRequestException", message: reason)
        case .methodNotAllowed:
            .failure(
                405, code: "MethodNotAllowedException", message: "The method is not supported.",
                headers: [("Allow", "GET, HEAD, POST, PUT, DELETE")])
        case .bodyTooLarge(let maximum):
            .failure(
                413, code: "RequestEntityTooLargeException", message: "The body exceeds \(maximum) bytes.")
        case .expectationFailed:
            .failure(417, code: "ExpectationFailedException", message: "Only 100-continue can be expected.")
        case .requestTimeout:
            .failure(408, code: "RequestTimeoutException", message: "The request did not arrive in time.")
        case .overloaded:
            .failure(
                503, code: "ServiceUnavailable", message: "Too many requests at once.",
                headers: [("Retry-After", "1")])
        case .shuttingDown:
            .failure(
                503, code: "ServiceUnavailable", message: "The server is shutting down.",
                headers: [("Retry-After", "1")])
        case .abandoned:
            .failure(
                503, code: "ServiceUnavailable",
                message: "The server is shutting down. What became of the request is not known.",
                headers: [("Retry-After", "1")])
        }
    }

    /// The response as it goes over the wire when the library cannot send one: while a body is being uploaded, and
    /// before there is a request at all. Always closes the connection.
    var wireBytes: [UInt8] {
        let response = response
        var text = "HTTP/1.1 \(response.status) \(reasonPhrase)\r\nConnection: close\r\n"
        text += "Content-Length: \(response.body.count)\r\n"
        for (name, value) in response.headers { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n").utf8) + response.body
    }

    private var reasonPhrase: String {
        switch self {
        case .malformed: "Bad Request"
        case .methodNotAllowed: "Method Not Allowed"
        case .bodyTooLarge: "Content Too Large"
        case .expectationFailed: "Expectation Failed"
        case .requestTimeout: "Request Timeout"
        case .overloaded, .shuttingDown, .abandoned: "Service Unavailable"
        }
    }
}

extension HTTPResponse {
    /// For an exchange that nobody answered.
    static var abandoned: HTTPResponse {
        .failure(500, code: "InternalServerException", message: "The request was not answered.")
    }
}
