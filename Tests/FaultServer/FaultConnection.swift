// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// One client's connection. Used by its own thread.
public final class FaultConnection: Sendable {
    private let descriptor: Int32
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        var received: [UInt8] = []
    }

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// A complete answer.
    public func respond(_ status: Int, _ headers: [(String, String)] = [], body: [UInt8] = []) {
        send(head(status, headers + [("Content-Length", String(body.count))]) + body)
    }

    /// A complete answer.
    public func respond(_ status: Int, _ headers: [(String, String)] = [], text: String) {
        respond(status, headers, body: Array(text.utf8))
    }

    /// The head of an answer, with exactly these headers.
    public func head(_ status: Int, _ headers: [(String, String)]) -> [UInt8] {
        var text = "HTTP/1.1 \(status) Whatever\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// Raw bytes.
    public func send(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            done += count
        }
    }

    /// Ends the connection in good order.
    public func close() { end(lingering: false) }

    /// Breaks the connection: the client sees a reset.
    public func reset() { end(lingering: true) }

    /// Sends nothing more and waits until the client gives up.
    public func stallUntilClientLeaves() {
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) > 0 {}
        close()
    }

    private func end(lingering: Bool) {
        state.withLock { state in
            if state.isClosed { return }
            state.isClosed = true
            if lingering {
                // No lingering at all: close sends RST instead of FIN. What was sent before must have been read, so wait
                // until the client's kernel has acknowledged it.
                var pending: Int32 = 1
                while ioctl(descriptor, UInt(TIOCOUTQ), &pending) == 0 && pending > 0 { sched_yield() }
                var option = linger(l_onoff: 1, l_linger: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            }
            Glibc.close(descriptor)
        }
    }

    /// The next request; nil when the client has gone or the connection was ended.
    func receive() -> FaultRequest? {
        while true {
            if state.withLock({ $0.isClosed }) { return nil }
            if let request = state.withLock({ Self.parse(&$0.received) }) { return request }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            state.withLock { $0.received.append(contentsOf: buffer[..<count]) }
        }
    }

    private static func parse(_ bytes: inout [UInt8]) -> FaultRequest? {
        let blank = Array("\r\n\r\n".utf8)
        guard let headEnd = bytes.indices.first(where: { bytes[$0...].starts(with: blank) }) else { return nil }
        let lines = String(decoding: bytes[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        let start = lines.first?.split(separator: " ") ?? []
        guard start.count == 3 else { return nil }
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            headers.append((String(line[..<colon]), String(line[colon...].dropFirst().drop { $0 == " " })))
        }
        let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        let bodyStart = headEnd + blank.count
        guard bytes.count >= bodyStart + length else { return nil }
        let body = Array(bytes[bodyStart..<(bodyStart + length)])
        bytes.removeFirst(bodyStart + length)
        return FaultRequest(method: String(start[0]), target: String(start[1]), headers: headers, body: body)
    }
}
