// SPDX-License-Identifier: Apache-2.0
import CMicrohttpd

/// Hands a response to the library, on its own thread of the connection.
enum ResponseWriter {
    /// - Parameters:
    ///   - requestID: sent back unless it is empty.
    ///   - closing: whether the connection ends with the response.
    static func queue(
        _ response: HTTPResponse, requestID: String, closing: Bool, _ handle: OpaquePointer
    ) -> MHD_Result {
        let made = response.body.withUnsafeBytes { body in
            MHD_create_response_from_buffer(
                body.count, UnsafeMutableRawPointer(mutating: body.baseAddress), .RESPMEM_MUST_COPY)
        }
        guard let made else { return .NO }
        defer { MHD_destroy_response(made) }
        for (name, value) in response.headers where !isOurs(name) {
            // Refused, and left out, when it holds line breaks.
            MHD_add_response_header(made, name, value)
        }
        if !requestID.isEmpty { MHD_add_response_header(made, "x-amzn-RequestId", requestID) }
        if closing { MHD_add_response_header(made, "Connection", "close") }
        let status = (200...599).contains(response.status) ? response.status : 500
        return MHD_queue_response(handle, UInt32(status), made)
    }

    /// Headers that decide how the response is framed, and those that the server sends itself.
    private static func isOurs(_ name: String) -> Bool {
        ["content-length", "transfer-encoding", "x-amzn-requestid"].contains { HTTPHeaders.sameName($0, name) }
    }
}
