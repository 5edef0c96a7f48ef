// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A socket to a server under test: sends exactly the bytes that a test wants, well-formed or not.
final class RawClient {
    struct Response: Equatable {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    let descriptor: Int32
    private var received: [UInt8] = []

    /// Connects to the loopback. Reads and writes give up after 20 seconds, so that a broken server fails a test
    /// instead of hanging it.
    /// - Parameter receiveBuffer: bytes that the system keeps for a client that does not read; nil for many.
    init(port: Int, receiveBuffer: Int32? = nil) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        isConnected = withUnsafePointer(to: &address) { [descriptor] address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    let isConnected: Bool

    deinit { close(descriptor) }

    /// Whether the socket took everything.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent <= 0 { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset.
    func abort() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Whether something can be read (the end counts) within so many milliseconds.
    func isReadable(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    /// The next response, read by its Content-Length; nil when the connection ends before it is whole.
    /// - Parameter hasBody: false for the answer to HEAD, and for interim responses.
    func response(hasBody: Bool = true) -> Response? {
        while true {
            if let end = headEnd() {
                let head = String(decoding: received[..<end], as: UTF8.self).split(separator: "\r\n")
                let status = head.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
                var headers: [String: String] = [:]
                for line in head.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    if parts.count == 2 {
                        headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
                    }
                }
                let length = hasBody ? Int(headers["content-length"] ?? "0") ?? 0 : 0
                if received.count >= end + 4 + length {
                    let body = String(decoding: received[(end + 4)..<(end + 4 + length)], as: UTF8.self)
                    received.removeFirst(end + 4 + length)
                    return status.map { Response(status: $0, headers: headers, body: body) }
                }
            }
            if !receive() { return nil }
        }
    }

    /// Everything until the server closes; nil when it does not.
    func readToEnd() -> String? {
        while receive() {}
        return ended ? String(decoding: received, as: UTF8.self) : nil
    }

    private(set) var ended = false

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        // A reset is an end, too; running out of patience is none.
        if count == 0 || (count < 0 && errno != EAGAIN) { ended = true }
        guard count > 0 else { return false }
        received.append(contentsOf: buffer[..<count])
        return true
    }

    private func headEnd() -> Int? {
        guard received.count >= 4 else { return nil }
        return (0...(received.count - 4)).first { received[$0..<($0 + 4)].elementsEqual([13, 10, 13, 10]) }
    }
}
