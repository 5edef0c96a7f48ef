// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Numeric addresses and the listening socket.
enum SocketAddress {
    /// `127.0.0.1`, `2001:db8::1`; an IPv4 address that came in over IPv6 as IPv4. Empty for anything else.
    static func numericHost(_ address: UnsafePointer<sockaddr>?) -> String {
        guard let address else { return "" }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            var host = raw.assumingMemoryBound(to: sockaddr_in.self).pointee.sin_addr
            inet_ntop(AF_INET, &host, &text, socklen_t(text.count))
        case AF_INET6:
            var host = raw.assumingMemoryBound(to: sockaddr_in6.self).pointee.sin6_addr
            inet_ntop(AF_INET6, &host, &text, socklen_t(text.count))
        default: return ""
        }
        let host = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let mapped = "::ffff:"
        return host.hasPrefix(mapped) && host.contains(".") ? String(host.dropFirst(mapped.count)) : host
    }

    /// A listening, non-blocking socket and its port.
    static func listen(address: String, port: Int) throws(HTTPServerError) -> (socket: Int32, port: Int) {
        guard let port = UInt16(exactly: port) else {
            throw HTTPServerError(.invalidAddress, "port \(port) is not within 0–65535")
        }
        var storage = sockaddr_storage()
        let size = try fill(&storage, address, port)
        let descriptor = socket(
            Int32(storage.ss_family),
            Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw failure(address, port) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        let isListening = withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && Glibc.listen(descriptor, SOMAXCONN) == 0
            }
        }
        guard isListening else {
            let failure = failure(address, port)
            close(descriptor)
            throw failure
        }
        return (descriptor, boundPort(descriptor))
    }

    /// A listening socket under a name that the system makes up and nobody knows; -1 when there is none to be had.
    static func listenForNobody() -> Int32 {
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return -1 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // The family alone: unix(7), "Autobind feature".
        let isListening = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sa_family_t>.size)) == 0
                    && Glibc.listen(descriptor, 1) == 0
            }
        }
        if isListening { return descriptor }
        close(descriptor)
        return -1
    }

    private static func fill(
        _ storage: inout sockaddr_storage, _ address: String, _ port: UInt16
    ) throws(HTTPServerError) -> socklen_t {
        var four = sockaddr_in()
        if inet_pton(AF_INET, address, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: four, as: sockaddr_in.self) }
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        }
        var six = sockaddr_in6()
        if inet_pton(AF_INET6, address, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: six, as: sockaddr_in6.self) }
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
        throw HTTPServerError(.invalidAddress, "\(address) is not a numeric IPv4 or IPv6 address")
    }

    /// Call it at once: it reads `errno`.
    private static func failure(_ address: String, _ port: UInt16) -> HTTPServerError {
        HTTPServerError(.cannotListen, "cannot listen on \(address) port \(port): \(String(cString: strerror(errno)))")
    }

    private static func boundPort(_ descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &storage) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        // The port stands at the same place in both families.
        return withUnsafeBytes(of: &storage) {
            Int(UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        }
    }
}
