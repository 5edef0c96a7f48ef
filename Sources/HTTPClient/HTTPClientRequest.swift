// SPDX-License-Identifier: Apache-2.0

/// A request as it goes over the wire.
public struct HTTPClientRequest: Sendable {
    public var method: String
    /// Absolute, `http` or `https`, percent-encoded; sent as it is, dots and all.
    public var url: String
    public var headers: [(String, String)]
    /// Sent from where it lies, not copied.
    public var body: [UInt8]
    /// Ends the exchange when nothing moved for so long, in seconds; nil: as the client is configured.
    public var stallSeconds: Int?

    public init(
        method: String, url: String, headers: [(String, String)] = [], body: [UInt8] = [], stallSeconds: Int? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.stallSeconds = stallSeconds
    }
}

/// The head of a server's answer.
public struct HTTPClientResponse: Sendable {
    public internal(set) var status: Int
    /// In the server's order.
    public internal(set) var headers: [(name: String, value: String)]
    /// Whether a connection was opened for it. Where a kept one broke before any answer, libcurl sends the request again
    /// without a word: the server may have carried it out twice.
    public internal(set) var openedConnection = false

    /// The value of the first header of that name, which knows no case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Limits and permissions of a client.
public struct HTTPClientConfiguration: Sendable {
    public var connectMilliseconds = 5000
    /// Ends an exchange when nothing moved for so long; at least 1.
    public var stallSeconds = 30
    /// Ends an exchange that takes longer as a whole; 0: no limit.
    public var totalMilliseconds = 0
    /// Whether link-local and metadata addresses may be reached.
    public var allowsLinkLocal = false
    /// A file of certificates to trust instead of the system's.
    public var certificateFile: String?
    public var userAgent = "millrace"

    public init() {}
}
