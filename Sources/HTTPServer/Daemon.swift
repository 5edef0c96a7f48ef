// SPDX-License-Identifier: Apache-2.0
import CMicrohttpd
import Glibc
import Threading

/// The library's daemon: its start and its callbacks.
enum Daemon {
    /// Starts the library's threads on a listening socket, which belongs to the daemon from then on.
    /// - Parameter core: retained until `stop`.
    static func start(_ core: ServerCore, listenSocket: Int32) -> OpaquePointer? {
        let configuration = core.configuration
        let flags =
            MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue | MHD_USE_ITC.rawValue
        let context = Unmanaged.passRetained(core)
        // A backstop only: the deadlines of `ConnectionTable` are shorter than an inactivity this long.
        let idle =
            5
            + max(
                configuration.keepAliveSeconds, configuration.requestDeadlineSeconds,
                configuration.responseDeadlineSeconds)
        let daemon = millrace_mhd_start(
            flags, listenSocket, UInt32(configuration.threads), UInt32(configuration.maximumConnections),
            UInt32(configuration.perAddressConnections), UInt32(idle), configuration.connectionMemory, handle,
            beginRequest, keepEscapes, connectionChanged, requestCompleted, context.toOpaque())
        if daemon == nil { context.release() }
        return daemon
    }

    /// Stops listening: further clients are refused by the system. The library's threads go on with a socket in its
    /// place on which nobody ever calls, and which `stop` closes.
    ///
    /// `MHD_quiesce_daemon` is not for this: where a thread of the pool sees its mark before it has taken the socket out
    /// of that thread's epoll set, 0.9.75 aborts the process ("Failed to remove listen FD from epoll set").
    static func stopListening(_ listenSocket: Int32) {
        let silent = SocketAddress.listenForNobody()
        guard silent >= 0 else { return }
        Glibc.shutdown(listenSocket, Int32(SHUT_RDWR))
        // The last descriptor of the old socket is gone with this, and so is its place in every epoll set.
        dup2(silent, listenSocket)
        _ = fcntl(listenSocket, F_SETFD, FD_CLOEXEC)
        close(silent)
    }

    /// Stops the library's threads and closes all connections. None may be suspended.
    static func stop(_ daemon: OpaquePointer, _ core: ServerCore) {
        MHD_stop_daemon(daemon)
        // Balances `start`: no callback comes any more.
        Unmanaged.passUnretained(core).release()
    }
}

private func core(_ context: UnsafeMutableRawPointer?) -> ServerCore? {
    context.map { Unmanaged<ServerCore>.fromOpaque($0).takeUnretainedValue() }
}

/// The table's entry for a socket is retained by the socket context, from its announcement to its end.
private func connectionChanged(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
    _ socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ event: MHD_ConnectionNotificationCode
) {
    guard let core = core(context), let socketContext else { return }
    if event == .CONNECTION_NOTIFY_STARTED {
        let connection = ClientConnection(
            descriptor: millrace_mhd_socket(handle),
            remoteAddress: SocketAddress.numericHost(millrace_mhd_client_address(handle)),
            deadline: core.deadline(seconds: core.configuration.requestDeadlineSeconds))
        core.connections.add(connection)
        socketContext.pointee = Unmanaged.passRetained(connection).toOpaque()
    } else if let stored = socketContext.pointee {
        core.connections.remove(Unmanaged<ClientConnection>.fromOpaque(stored).takeRetainedValue())
        socketContext.pointee = nil
    }
}

/// The request line is whole. What is returned becomes the request's context; it is released in `requestCompleted`,
/// which the library calls for every request that came here.
private func beginRequest(
    _ context: UnsafeMutableRawPointer?, _ uri: UnsafePointer<CChar>?, _ handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let core = core(context), let stored = millrace_mhd_socket_context(handle) else { return nil }
    let connection = Unmanaged<ClientConnection>.fromOpaque(stored).takeUnretainedValue()
    _ = connection.enter(.receiving, deadline: core.deadline(seconds: core.configuration.requestDeadlineSeconds))
    let target = UnsafeBufferPointer(
        start: UnsafeRawPointer(uri)?.assumingMemoryBound(to: UInt8.self), count: uri.map { strlen($0) } ?? 0)
    return Unmanaged.passRetained(Transaction(core: core, connection: connection, rawTarget: target)).toOpaque()
}

private func handle(
    _: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _: UnsafePointer<CChar>?, _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?, _ size: UnsafeMutablePointer<Int>?,
    _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let handle, let method, let version, let size, let stored = request?.pointee else { return .NO }
    return Unmanaged<Transaction>.fromOpaque(stored).takeUnretainedValue()
        .advance(handle, method: method, version: version, data: data, size: &size.pointee)
}

private func requestCompleted(
    _: UnsafeMutableRawPointer?, _: OpaquePointer?, _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _: MHD_RequestTerminationCode
) {
    guard let request, let stored = request.pointee else { return }
    request.pointee = nil
    Unmanaged<Transaction>.fromOpaque(stored).takeRetainedValue().complete()
}

/// Leaves escapes in the URI as they are; the length is all that is asked for.
private func keepEscapes(
    _: UnsafeMutableRawPointer?, _: OpaquePointer?, _ text: UnsafeMutablePointer<CChar>?
) -> Int {
    text.map { strlen($0) } ?? 0
}
