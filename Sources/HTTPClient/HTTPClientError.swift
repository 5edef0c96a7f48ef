// SPDX-License-Identifier: Apache-2.0

/// Why an exchange with a server did not come to its end. Shows neither URL nor headers nor bodies.
public struct HTTPClientError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The URL, a header or the method cannot be sent.
        case invalidRequest
        /// The host's name is unknown, or no connection came about.
        case cannotConnect
        /// The server's certificate or the TLS handshake failed.
        case tls
        /// Connecting took too long, nothing moved for too long, or the whole took too long.
        case timedOut
        /// The connection broke or ended early.
        case interrupted
        /// The name resolves to a link-local or metadata address.
        case refusedAddress
        /// The answer is no HTTP.
        case badResponse
        /// The body is larger than the caller allows.
        case tooLarge
        case cancelled
        /// The caller's own closure threw: see `underlying`.
        case sink
        case outOfMemory
    }

    public let code: Code
    public let message: String
    /// What the caller's closure threw.
    public let underlying: (any Error)?

    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// Whether the same request may well succeed later.
    public var isRetriable: Bool {
        switch code {
        case .cannotConnect, .timedOut, .interrupted: true
        default: false
        }
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
