// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Threading

/// A server over bare sockets that answers as a test tells it to: wrongly, partly, or not at all. Listens on a port of
/// 127.0.0.1 that the system chooses. Thread-safe.
public final class FaultServer: Sendable {
    public typealias Handler = @Sendable (FaultRequest, FaultConnection) -> Void

    public let port: Int
    private let listener: Int32
    private let handler: Handler
    private let state = Mutex(State())

    private struct State {
        var requests: [FaultRequest] = []
        var connections = 0
        var acceptor: NamedThread?
    }

    /// - Parameter handler: called for each request on its connection's own thread. The connection is kept alive unless
    ///   the handler ends it.
    public init(_ handler: @escaping Handler) {
        self.handler = handler
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                precondition(bind(listener, generic, length) == 0 && listen(listener, 64) == 0, "no port to listen on")
                getsockname(listener, generic, &length)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
        let acceptor = NamedThread("fault-accept") { [weak self] in
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                guard let self else {
                    close(descriptor)
                    return
                }
                self.state.withLock { $0.connections += 1 }
                let connection = FaultConnection(descriptor: descriptor)
                _ = NamedThread("fault-connection") { self.serve(connection) }
            }
        }
        state.withLock { $0.acceptor = acceptor }
    }

    deinit {
        // Wakes the acceptor, which holds no reference while it waits.
        shutdown(listener, Int32(SHUT_RDWR))
        state.withLock { $0.acceptor }?.join()
        close(listener)
    }

    public var url: String { "http://127.0.0.1:\(port)" }

    /// All requests so far, in the order of their arrival.
    public var requests: [FaultRequest] { state.withLock { $0.requests } }

    /// How many connections were accepted so far.
    public var connections: Int { state.withLock { $0.connections } }

    private func serve(_ connection: FaultConnection) {
        while let request = connection.receive() {
            let number = state.withLock { state in
                state.requests.append(request)
                return state.requests.count
            }
            handler(request.numbered(number), connection)
        }
        connection.close()
    }
}

/// A request as it came.
public struct FaultRequest: Sendable {
    public let method: String
    /// Path and query, raw.
    public let target: String
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]
    /// From 1, over all connections.
    public private(set) var number = 0

    public var path: String { String(target.prefix { $0 != "?" }) }

    public func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }

    init(method: String, target: String, headers: [(name: String, value: String)], body: [UInt8]) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    func numbered(_ number: Int) -> FaultRequest {
        var copy = self
        copy.number = number
        return copy
    }
}
