// SPDX-License-Identifier: Apache-2.0
import CPostgreSQL
import Glibc
public import Observability
import Threading

/// A session with the database, used by one thread at a time. After an error of kind `.connection` it is of no more use:
/// `isBroken` says so, and the owner throws it away (libpq's reset would silently lose session state).
public final class PostgresConnection {
    let handle: OpaquePointer
    let configuration: PostgresConfiguration
    /// Text by name of the statements that this session has prepared.
    var prepared: [String: String] = [:]
    var parameters = ParameterArena()
    var phase = TransactionPhase.none
    var isLost = false
    private var isClosed = false

    /// May be handed to another thread to stop what this connection is doing.
    public let cancellation: PostgresCancellation
    /// When the session began, in monotonic milliseconds.
    public let connectedAt = MonotonicClock.milliseconds

    /// Of `transaction(_:)`.
    enum TransactionPhase {
        /// Outside. To `pending`.
        case none
        /// BEGIN travels with the first statement. To `open`, or `none` when no statement came.
        case pending
        /// To `finished` or `none`.
        case open
        /// Committed together with its last statements. To `none`.
        case finished
    }

    private init(owning handle: OpaquePointer, configuration: PostgresConfiguration) {
        self.handle = handle
        self.configuration = configuration
        cancellation = PostgresCancellation(connection: handle)
    }

    deinit { close() }

    /// Opens a session; blocks for at most the connect timeout for each address of each host, then for the answer to the
    /// session's settings.
    public static func connect(
        _ configuration: PostgresConfiguration, logger: Logger
    ) throws(PostgresError) -> PostgresConnection {
        let pairs = configuration.connectionParameters
        let opened = withCStrings(pairs.map(\.keyword)) { keywords in
            withCStrings(pairs.map(\.value)) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let handle = opened else { throw PostgresError.lost("out of memory") }
        guard PQstatus(handle) == CONNECTION_OK else {
            let error = PostgresError.lost(lastMessage(handle))
            // libpq keeps memory, and perhaps a socket, after a failed attempt too.
            PQfinish(handle)
            throw error
        }
        // Notices are for people at a terminal; libpq would print them.
        PQsetNoticeReceiver(handle, ignoreNotice, nil)
        guard PQsetnonblocking(handle, 1) == 0 else {
            PQfinish(handle)
            throw PostgresError.lost("no non-blocking mode")
        }
        let connection = PostgresConnection(owning: handle, configuration: configuration)
        do {
            try connection.simpleQuery(
                configuration.sessionSettings,
                limitMilliseconds: max(1, configuration.connectTimeoutSeconds) * 1000)
        } catch {
            connection.close()
            throw error
        }
        logger.debug("database connected", [.address: connection.address])
        return connection
    }

    /// True when the session is of no more use.
    public var isBroken: Bool { isLost || isClosed || cancellation.wasUsed }

    /// Host or socket folder, for logs.
    private var address: String { PQhost(handle).map { String(cString: $0) } ?? "" }

    /// Whether the session can be given to someone else: alive and in no transaction.
    var isReusable: Bool { !isBroken && phase == .none && PQtransactionStatus(handle) == PQTRANS_IDLE }

    /// Notices without a round trip that the server has closed an idle session: nothing but bad news comes unasked.
    func checkIdle() {
        guard !isBroken else { return }
        var entry = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, 0) > 0 {
            if PQconsumeInput(handle) == 0 || PQstatus(handle) == CONNECTION_BAD {
                isLost = true
                return
            }
            // Interprets what came, so that a notice of the server's end is not left for the next answer.
            if PQisBusy(handle) != 0 { return }
            entry.revents = 0
        }
    }

    /// Stops what runs on this connection; see `PostgresCancellation`.
    public func cancel() { cancellation.cancel() }

    /// Ends the session. Calling it again does nothing.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        PQfinish(handle)
    }

    /// Marks the session as unusable and says why.
    func lose(_ message: String) -> PostgresError {
        isLost = true
        return PostgresError.lost(message)
    }

    /// libpq's account of the last failure in one line. It names hosts and users, never passwords or data.
    static func lastMessage(_ handle: OpaquePointer) -> String {
        let text = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        let line = text.split(separator: "\n").map { $0.drop { $0 == "\t" || $0 == " " } }.joined(separator: "; ")
        return line.isEmpty ? "the connection to the database was lost" : line
    }
}

private func ignoreNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {}

/// Calls `body` with a NULL-terminated array of C strings, valid until it returns.
private func withCStrings<Answer>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Answer
) -> Answer {
    var arena: [CChar] = []
    var offsets: [Int] = []
    for string in strings {
        offsets.append(arena.count)
        arena += string.utf8CString
    }
    return arena.withUnsafeBufferPointer { arena in
        var pointers: [UnsafePointer<CChar>?] = offsets.map { offset in arena.baseAddress.map { $0 + offset } }
        pointers.append(nil)
        return body(pointers)
    }
}
