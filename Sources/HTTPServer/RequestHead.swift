// SPDX-License-Identifier: Apache-2.0
import CMicrohttpd
import Glibc

/// The head of a request where the library keeps it: valid during one callback.
struct RequestHead {
    private let method: UnsafeBufferPointer<UInt8>
    private let version: UnsafeBufferPointer<UInt8>
    private let headers: [RawHeader]
    private let size: Int

    init(_ handle: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>) {
        self.method = bytes(method, strlen(method))
        self.version = bytes(version, strlen(version))
        var headers: [RawHeader] = []
        headers.reserveCapacity(16)
        withUnsafeMutablePointer(to: &headers) { list in
            _ = MHD_get_connection_values_n(handle, .HEADER_KIND, collectHeader, list)
        }
        self.headers = headers
        size = millrace_mhd_head_size(handle)
    }

    /// - Parameters:
    ///   - target: where the request target lay.
    ///   - maximumBody: in bytes.
    func check(target: Range<UInt>, maximumBody: Int) -> Result<RequestGuard.Framing, RequestGuard.Refused> {
        let isRegular = HeaderLayout.isRegular(
            headSize: size, method: method, target: target, version: version, headers: headers)
        guard isRegular else {
            let reason = Refusal.malformed("A line of the request head is malformed.")
            return .failure(RequestGuard.Refused(reason: reason, framing: RequestGuard.Framing()))
        }
        return RequestGuard.check(method: method, version: version, headers: headers, maximumBody: maximumBody)
    }

    var methodText: String { String(decoding: method, as: UTF8.self) }

    var fields: HTTPHeaders {
        HTTPHeaders(
            headers.map {
                (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.trimmedValue, as: UTF8.self))
            })
    }
}

private func bytes(_ start: UnsafePointer<CChar>?, _ count: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
        start: UnsafeRawPointer(start)?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : count)
}

/// The context is the array that collects, on the stack of the one who asked.
private func collectHeader(
    _ context: UnsafeMutableRawPointer?, _: MHD_ValueKind, _ name: UnsafePointer<CChar>?, _ nameSize: Int,
    _ value: UnsafePointer<CChar>?, _ valueSize: Int
) -> MHD_Result {
    guard let context else { return .NO }
    let list = context.assumingMemoryBound(to: [RawHeader].self)
    list.pointee.append(RawHeader(name: bytes(name, nameSize), value: bytes(value, valueSize)))
    return .YES
}
