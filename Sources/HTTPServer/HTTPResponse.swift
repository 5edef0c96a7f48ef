// SPDX-License-Identifier: Apache-2.0
import Observability

/// What a handler answers. The server adds `Date`, `Content-Length`, `x-amzn-RequestId` and, where needed,
/// `Connection`; it sends no body to `HEAD`.
public struct HTTPResponse: Sendable {
    /// 200–599.
    public var status: Int
    /// Names and values without control characters; a field that has some is left out.
    public var headers: [(String, String)]
    public var body: [UInt8]

    public init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer whose body is JSON already.
    public static func json(_ status: Int = 200, _ body: [UInt8], headers: [(String, String)] = []) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")] + headers, body: body)
    }

    /// The same, with its status spelled out.
    public static func json(status: Int, _ body: [UInt8]) -> HTTPResponse { json(status, body) }

    /// An error as AWS' REST-JSON protocol has it: the code in `x-amzn-ErrorType`, the text in `{"message": …}`.
    public static func failure(
        _ status: Int, code: String, message: String, headers: [(String, String)] = []
    ) -> HTTPResponse {
        var body = Array("{\"message\":".utf8)
        JSONText.append(message, to: &body)
        body.append(UInt8(ascii: "}"))
        return json(status, body, headers: [("x-amzn-ErrorType", code)] + headers)
    }

    /// Plain text.
    public static func text(_ status: Int, _ text: String, contentType: String = "text/plain") -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", contentType)], body: Array(text.utf8))
    }
}
