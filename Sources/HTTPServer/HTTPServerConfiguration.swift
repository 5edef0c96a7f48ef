// SPDX-License-Identifier: Apache-2.0

/// Where a server listens and what it puts up with.
public struct HTTPServerConfiguration: Sendable {
    /// A numeric IPv4 or IPv6 address; `0.0.0.0` or `::` for all.
    public var address = "127.0.0.1"
    /// 0 lets the system choose; see `HTTPServer.port`.
    public var port = 0
    /// Threads of the library, 1–64. Each has its own share of the connections. Many of them get into each other's way.
    public var threads = 2
    /// The largest request body, in bytes.
    public var maximumBody = 1 << 20
    /// Bytes of all request bodies together that are in memory; a request beyond gets 503.
    public var maximumBufferedBodies = 64 << 20
    /// Bytes that a connection may use for the request line and the headers; beyond, 431 or 414.
    public var connectionMemory = 32 << 10
    /// Seconds from the request line (on a new connection: from its opening) until the request is whole. Bytes that
    /// trickle in do not extend it.
    public var requestDeadlineSeconds = 10
    /// Seconds a connection may stay open between two requests, until the next request line is whole.
    public var keepAliveSeconds = 60
    /// Seconds for a client to take its response; one more is granted for each MiB.
    public var responseDeadlineSeconds = 30
    /// Connections at a time, suspended ones included. Further ones wait in the system's queue.
    public var maximumConnections = 1024
    /// Connections at a time from one address; further ones are closed at once. 0: no limit.
    public var perAddressConnections = 512

    public init() {}

    public init(address: String, port: Int) {
        self.address = address
        self.port = port
    }

    /// Address and port are checked when they are used.
    func validate() throws(HTTPServerError) {
        let settings: [(name: String, value: Int, range: ClosedRange<Int>)] = [
            ("threads", threads, 1...64),
            ("maximumBody", maximumBody, 0...(1 << 40)),
            ("maximumBufferedBodies", maximumBufferedBodies, 0...(1 << 40)),
            // The library needs some for its own records, and chunks of a body pass through it.
            ("connectionMemory", connectionMemory, 4096...(16 << 20)),
            ("requestDeadlineSeconds", requestDeadlineSeconds, 1...86_400),
            ("keepAliveSeconds", keepAliveSeconds, 1...86_400),
            ("responseDeadlineSeconds", responseDeadlineSeconds, 1...86_400),
            // Each thread has its share.
            ("maximumConnections", maximumConnections, max(1, threads)...1_000_000),
            ("perAddressConnections", perAddressConnections, 0...1_000_000),
        ]
        for setting in settings where !setting.range.contains(setting.value) {
            throw HTTPServerError(
                .invalidConfiguration, "\(setting.name) is \(setting.value), not within \(setting.range)")
        }
    }
}
