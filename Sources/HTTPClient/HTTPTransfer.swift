// SPDX-License-Identifier: Apache-2.0
import CCurl
import Glibc

/// What libcurl's callbacks of one exchange share. Lives on the stack of `HTTPClient.perform`: libcurl calls back only
/// on the thread that performs, and only until that returns.
final class HTTPTransfer {
    var response = HTTPClientResponse(status: 0, headers: [])
    /// What a closure of the caller threw.
    private(set) var failure: (any Error)?
    private(set) var wasRefused = false
    private(set) var wasCancelled = false

    private let allowsLinkLocal: Bool
    private let isCancelled: () -> Bool
    private let onHead: (HTTPClientResponse) throws -> Void
    private let sink: (UnsafeRawBufferPointer) throws -> Void
    private var lineLimit = 1000

    init(
        allowsLinkLocal: Bool, isCancelled: @escaping () -> Bool,
        onHead: @escaping (HTTPClientResponse) throws -> Void, sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.allowsLinkLocal = allowsLinkLocal
        self.isCancelled = isCancelled
        self.onHead = onHead
        self.sink = sink
    }

    /// Points the handle's callbacks at this transfer.
    func install(on handle: UnsafeMutableRawPointer) {
        // Not retained: `perform` keeps the transfer alive for as long as libcurl may call.
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = millrace_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION, receiveHeader)
        _ = millrace_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        _ = millrace_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION, receiveBody)
        _ = millrace_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        _ = millrace_curl_set_progress_callback(handle, checkProgress)
        _ = millrace_curl_set_pointer(handle, CURLOPT_XFERINFODATA, context)
        _ = millrace_curl_set_socket_callback(handle, openSocket)
        _ = millrace_curl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, context)
    }

    /// Takes one line of the head; false ends the transfer.
    fileprivate func header(_ line: UnsafeRawBufferPointer) -> Bool {
        var end = line.count
        while end > 0, line[end - 1] == UInt8(ascii: "\n") || line[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: line[..<end]), as: UTF8.self)
        if text.isEmpty {
            // 1xx heads precede the real one. Trailers of a chunked body end without a blank line of their own here.
            guard response.status >= 200, !headIsComplete else { return true }
            headIsComplete = true
            return run { try onHead(response) }
        }
        if headIsComplete { return true }
        if text.hasPrefix("HTTP/") {
            let fields = text.split(separator: " ", maxSplits: 2)
            response = HTTPClientResponse(status: fields.count > 1 ? Int(fields[1]) ?? 0 : 0, headers: [])
            return true
        }
        lineLimit -= 1
        guard lineLimit > 0, let colon = text.firstIndex(of: ":") else { return lineLimit > 0 }
        let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        response.headers.append((String(text[..<colon]), String(value)))
        return true
    }

    private var headIsComplete = false

    fileprivate func body(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if stopsForCancellation() { return false }
        return run { try sink(bytes) }
    }

    fileprivate func stopsForCancellation() -> Bool {
        if isCancelled() { wasCancelled = true }
        return wasCancelled
    }

    /// The socket for an address that may be reached.
    fileprivate func socket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let isRefused = withUnsafePointer(to: &address.pointee.addr) { AddressGuard.refuses($0) }
        if isRefused && !allowsLinkLocal {
            wasRefused = true
            return millrace_curl_socket_bad
        }
        let kind = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return Glibc.socket(address.pointee.family, kind, address.pointee.protocol)
    }

    private func run(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return true
        } catch {
            failure = error
            return false
        }
    }
}

// Free functions: a closure might inherit an isolation that libcurl's call does not have.

private func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.header(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
    // One less than was offered means failure, whatever was offered.
    return transfer.body(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : size * count - 1
}

private func checkProgress(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
    guard let context else { return 1 }
    return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue().stopsForCancellation() ? 1 : 0
}

private func openSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context, let address else { return millrace_curl_socket_bad }
    return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue().socket(address)
}
