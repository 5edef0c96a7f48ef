// SPDX-License-Identifier: Apache-2.0
import Glibc
public import Observability
import Synchronization
import Threading

/// An HTTP/1.1 server on libmicrohttpd: epoll, a small pool of threads, and suspended connections, so that no thread
/// waits for an answer. Thread-safe.
///
///     let server = HTTPServer(HTTPServerConfiguration(address: "127.0.0.1", port: 8080), logger: logger) { exchange in
///         exchange.respond(.json(200, Array("{}".utf8)))
///     }
///     try server.start()
///
/// The handler runs on a thread of the library when a request is whole, and must not block; it may answer later, from
/// any thread. What is malformed, ambiguous, too large or too slow is refused before it gets there. TLS is the business
/// of a proxy in front.
public final class HTTPServer: Sendable {
    private enum State {
        case created
        case running(Running)
        case stopped
    }

    private struct Running: @unchecked Sendable {
        // @unchecked: the pointer is the library's daemon, which may be used from any thread.
        let daemon: OpaquePointer
        let listenSocket: Int32
        let port: Int
        let reaper: NamedThread
        let reaperStop: Mailbox<Void>
    }

    private let core: ServerCore
    private let logger: Logger
    private let state = Mutex(State.created)

    /// - Parameters:
    ///   - logger: for what goes wrong with the server itself; requests are not logged.
    ///   - handler: called once per request, from several threads; never blocks.
    public init(
        _ configuration: HTTPServerConfiguration, logger: Logger, handler: @escaping @Sendable (HTTPExchange) -> Void
    ) {
        core = ServerCore(configuration, handler: handler)
        self.logger = logger
    }

    /// Listens and serves. Ignores SIGPIPE in the whole process. A server starts once.
    public func start() throws(HTTPServerError) {
        signal(SIGPIPE, SIG_IGN)
        let outcome = state.withLock { state -> Result<Void, HTTPServerError> in
            guard case .created = state else {
                return .failure(HTTPServerError(.alreadyStarted, "the server was started before"))
            }
            return Result { () throws(HTTPServerError) in state = .running(try launch()) }
        }
        try outcome.get()
    }

    /// The port that the server listens on; 0 unless it runs.
    public var port: Int {
        state.withLock { state in
            if case .running(let running) = state { running.port } else { 0 }
        }
    }

    public var statistics: HTTPServerStatistics {
        HTTPServerStatistics(
            connections: core.connections.count, activeExchanges: core.ledger.activeCount,
            suspendedExchanges: core.ledger.suspendedCount, exchanges: core.ledger.admittedCount,
            cutOffConnections: core.connections.cutOffCount, bufferedBodyBytes: core.bufferedBodyBytes)
    }

    /// Stops listening, refuses new requests with 503, waits for those under way, answers with 503 those that are left
    /// at the deadline, and stops. Blocks that long and up to some seconds more; a second call returns at once.
    ///
    /// Never call it from the handler.
    public func shutdown(deadlineSeconds: Int) {
        let running = state.withLock { state -> Running? in
            guard case .running(let running) = state else { return nil }
            state = .stopped
            return running
        }
        guard let running else { return }
        Daemon.stopListening(running.listenSocket)
        _ = core.ledger.drain(deadline: core.deadline(seconds: deadlineSeconds))
        for transaction in core.ledger.close() { transaction.answer(Refusal.abandoned.response) }
        guard core.ledger.waitUntilStoppable(deadline: core.deadline(seconds: 5)) else {
            // To stop the library now would abort the process, or wait for a handler that does not return.
            logger.error("http server cannot stop: a handler does not return")
            return
        }
        // Let the last responses out.
        _ = core.ledger.drain(deadline: core.deadline(seconds: 1))
        hangUp()
        Daemon.stop(running.daemon, core)
        running.reaperStop.close()
        running.reaper.join()
    }

    /// Ends all connections and waits until the library knows, for at most some seconds.
    ///
    /// The library refuses a malformed request with a response of its own. Once it is being stopped, 0.9.75 queues none
    /// (`MHD_queue_response` answers `MHD_YES` all the same) and then reads it through a null pointer. Without
    /// connections there is nothing to refuse.
    private func hangUp() {
        let deadline = core.deadline(seconds: 5)
        let pacer = Mailbox<Void>()
        var quietRounds = 0
        while quietRounds < 2 && MonotonicClock.milliseconds < deadline {
            quietRounds = core.connections.hangUp() == 0 ? quietRounds + 1 : 0
            _ = pacer.take(timeoutMilliseconds: 2)
        }
    }

    private func launch() throws(HTTPServerError) -> Running {
        try core.configuration.validate()
        let (socket, port) = try SocketAddress.listen(
            address: core.configuration.address, port: core.configuration.port)
        guard let daemon = Daemon.start(core, listenSocket: socket) else {
            close(socket)
            throw HTTPServerError(.cannotStart, "libmicrohttpd did not start")
        }
        let stop = Mailbox<Void>(capacity: 1)
        let connections = core.connections
        let reaper = NamedThread("http-reaper") {
            while !stop.isClosed {
                _ = stop.take(timeoutMilliseconds: 200)
                connections.sweep(now: MonotonicClock.milliseconds)
            }
        }
        return Running(daemon: daemon, listenSocket: socket, port: port, reaper: reaper, reaperStop: stop)
    }
}
