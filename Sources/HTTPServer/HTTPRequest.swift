// SPDX-License-Identifier: Apache-2.0

/// A request that was received whole.
public struct HTTPRequest: Sendable {
    /// A random UUID in lower case, sent back as `x-amzn-RequestId`.
    public let id: String
    /// `GET`, `HEAD`, `POST`, `PUT` or `DELETE`.
    public let method: String
    /// The path as sent: nothing is decoded, so `%2F` and `%00` still stand. Begins with `/`.
    public let rawPath: String
    /// What follows the first `?`, as sent; empty without one.
    public let rawQuery: String
    public let headers: HTTPHeaders
    public let body: [UInt8]
    /// The peer's IP address, without port; empty if unknown.
    public let remoteAddress: String
    /// When the request line came, in nanoseconds of `MonotonicClock`.
    public let receivedAt: Int

    public init(
        id: String, method: String, rawPath: String, rawQuery: String = "", headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = [], remoteAddress: String = "", receivedAt: Int = 0
    ) {
        self.id = id
        self.method = method
        self.rawPath = rawPath
        self.rawQuery = rawQuery
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        self.receivedAt = receivedAt
    }
}
