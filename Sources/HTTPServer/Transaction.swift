// SPDX-License-Identifier: Apache-2.0
import CMicrohttpd
import Synchronization
import Threading

/// One request from its request line to the end of its response: what the library's callbacks for it do.
///
/// The library calls the handler once with the head, then for each piece of the body, then once more at the end. There
/// the exchange goes to the server's handler; if that has not answered when it returns, the connection is suspended.
/// `answer` then only stores the response and resumes the connection: the library calls again, and its own thread
/// queues the response. So all but `MHD_resume_connection` happens on the library's thread of that connection.
final class Transaction: @unchecked Sendable {
    // @unchecked: the stored variables are touched on the library's thread of the connection only; `reply`, which
    // other threads use too, is a Mutex.

    private enum Step {
        case head, body
        /// The handler has it.
        case handed
        /// Refused on the wire; what comes is discarded.
        case lingering
        /// A response is queued; nothing more is expected.
        case answered
    }

    private enum Reply {
        /// With the handler, which has not returned.
        case awaited
        /// The connection is suspended; see `answer`.
        case suspended(ConnectionHandle)
        case given(HTTPResponse)
        /// Taken by the library's thread, or too late.
        case closed
    }

    /// A pointer to the library's connection, used by another thread only to resume it, and only under the lock of
    /// `reply` while that says `suspended`: the library keeps a suspended connection alive.
    private struct ConnectionHandle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private let core: ServerCore
    private let connection: ClientConnection
    private let target: RequestTarget?
    /// Where the target lay in the library's buffer: addresses to compare, never to read.
    private let targetRange: Range<UInt>
    private let receivedAt = MonotonicClock.nanoseconds
    private var id = ""
    private var step = Step.head
    private var method = ""
    private var headers = HTTPHeaders()
    private var body: [UInt8] = []
    private var isAdmitted = false
    private let reply = Mutex(Reply.awaited)

    /// - Parameter rawTarget: of the request line, in the library's buffer.
    init(core: ServerCore, connection: ClientConnection, rawTarget: UnsafeBufferPointer<UInt8>) {
        self.core = core
        self.connection = connection
        target = RequestTarget(rawTarget)
        let start = UInt(bitPattern: rawTarget.baseAddress)
        targetRange = start..<(start + UInt(rawTarget.count))
    }

    // MARK: On the library's thread

    /// A call of the library's access handler.
    /// - Parameters:
    ///   - data: a piece of the body.
    ///   - size: its bytes on entry, those left over on return.
    func advance(
        _ handle: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>,
        data: UnsafePointer<CChar>?, size: inout Int
    ) -> MHD_Result {
        switch step {
        case .head: return takeHead(handle, method: method, version: version)
        case .body where size > 0:
            let bytes = UnsafeRawBufferPointer(start: data, count: size)
            size = 0
            return takeBody(bytes)
        case .body: return hand(handle)
        case .handed: return deliver(handle)
        case .lingering where size > 0:
            size = 0
            return .YES
        case .lingering: return .NO
        case .answered:
            size = 0
            return .YES
        }
    }

    /// The library is done with the request.
    func complete() {
        reply.withLock { $0 = .closed }
        core.releaseBody(body.count)
        body = []
        if isAdmitted {
            core.ledger.resumed(self)
            core.ledger.complete()
        }
        _ = connection.enter(.idle, deadline: core.deadline(seconds: core.configuration.keepAliveSeconds))
    }

    private func takeHead(
        _ handle: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>
    ) -> MHD_Result {
        let raw = RequestHead(handle, method: method, version: version)
        switch raw.check(target: targetRange, maximumBody: core.configuration.maximumBody) {
        case .success(let framing):
            guard target != nil else { return refuse(.malformed("The request target is malformed."), handle) }
            if let length = framing.contentLength, length > 0 { body.reserveCapacity(min(length, 64 << 10)) }
            self.method = raw.methodText
            headers = raw.fields
            step = .body
            return .YES
        case .failure(let refused):
            // A client that waits for 100 reads our answer; one that is uploading would lose it to a reset.
            if case .bodyTooLarge = refused.reason, !refused.framing.expectsContinue {
                return refuseOnTheWire(refused.reason)
            }
            return refuse(refused.reason, handle)
        }
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> MHD_Result {
        let maximum = core.configuration.maximumBody
        guard bytes.count <= maximum - body.count else { return refuseOnTheWire(.bodyTooLarge(maximum: maximum)) }
        guard core.reserveBody(bytes.count) else { return refuseOnTheWire(.overloaded) }
        body.append(contentsOf: bytes)
        return .YES
    }

    private func hand(_ handle: OpaquePointer) -> MHD_Result {
        // False: the reaper was faster and has sent a 408.
        guard let target, connection.enter(.handling) else { return .NO }
        id = RequestIdentifier.next()
        guard core.ledger.admit() else { return refuse(.shuttingDown, handle) }
        isAdmitted = true
        step = .handed
        let request = HTTPRequest(
            id: id, method: method, rawPath: target.path, rawQuery: target.query, headers: headers, body: body,
            remoteAddress: connection.remoteAddress, receivedAt: receivedAt)
        core.handler(HTTPExchange(request: request, transaction: self))
        return settle(handle)
    }

    /// After the handler: queues its answer, or suspends the connection until there is one.
    private func settle(_ handle: OpaquePointer) -> MHD_Result {
        let response = reply.withLock { reply -> HTTPResponse? in
            if case .given(let response) = reply {
                reply = .closed
                core.ledger.settled()
                return response
            }
            // Under the lock, so that nobody can resume what is not suspended yet.
            if core.ledger.suspend(self, { MHD_suspend_connection(handle) }) {
                reply = .suspended(ConnectionHandle(pointer: handle))
                return nil
            }
            reply = .closed
            return Refusal.abandoned.response
        }
        guard let response else { return .YES }
        return queue(response, handle)
    }

    /// After the connection was resumed.
    private func deliver(_ handle: OpaquePointer) -> MHD_Result {
        // Waits for `answer` to come back from the library before the library may be stopped.
        let response = reply.withLock { reply -> HTTPResponse? in
            guard case .given(let response) = reply else { return nil }
            reply = .closed
            return response
        }
        guard let response else { return .YES }
        core.ledger.resumed(self)
        return queue(response, handle)
    }

    private func refuse(_ reason: Refusal, _ handle: OpaquePointer) -> MHD_Result {
        step = .answered
        return queue(reason.response, handle, closing: true)
    }

    /// Refuses past the library, which takes no response in the midst of an upload. The client then has a moment to
    /// read the answer and to stop: closing at once, with bytes unread, would reset the connection under it.
    private func refuseOnTheWire(_ reason: Refusal) -> MHD_Result {
        step = .lingering
        core.releaseBody(body.count)
        body = []
        guard connection.enter(.lingering, deadline: core.deadline(seconds: 2)) else { return .NO }
        guard connection.send(reason.wireBytes) else { return .NO }
        connection.finishSending()
        return .YES
    }

    private func queue(_ response: HTTPResponse, _ handle: OpaquePointer, closing: Bool = false) -> MHD_Result {
        step = .answered
        let seconds = core.configuration.responseDeadlineSeconds + response.body.count >> 20
        guard connection.enter(.sending, deadline: core.deadline(seconds: seconds)) else { return .NO }
        let closing = closing || core.ledger.isDraining
        // Refused before it was handed on: it has no name yet.
        if id.isEmpty { id = RequestIdentifier.next() }
        return ResponseWriter.queue(response, requestID: id, closing: closing, handle)
    }

    // MARK: On any thread

    /// Takes the answer; the first one counts.
    func answer(_ response: HTTPResponse) {
        reply.withLock { reply in
            switch reply {
            case .awaited: reply = .given(response)
            case .suspended(let handle):
                reply = .given(response)
                MHD_resume_connection(handle.pointer)
            case .given, .closed: break
            }
        }
    }
}
