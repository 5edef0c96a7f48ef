// SPDX-License-Identifier: Apache-2.0
import CCurl

/// An HTTP/1.1 client over one libcurl handle: it keeps connections alive between requests and streams bodies as they
/// come. Used by one thread at a time. Redirects are answers like any other: they are not followed.
///
/// A sink that takes its time holds the server back: nothing is buffered but what libcurl received in one read.
public final class HTTPClient {
    private let handle: UnsafeMutableRawPointer
    private let configuration: HTTPClientConfiguration

    /// libcurl wants this once per process, before any handle.
    private static let isInitialized = curl_global_init(millrace_curl_global_default) == CURLE_OK

    public init(_ configuration: HTTPClientConfiguration = HTTPClientConfiguration()) throws(HTTPClientError) {
        guard Self.isInitialized, let handle = curl_easy_init() else {
            throw HTTPClientError(.outOfMemory, "libcurl could not be initialized")
        }
        self.handle = handle
        self.configuration = configuration
    }

    deinit { curl_easy_cleanup(handle) }

    /// Sends a request and receives the answer, whatever its status.
    /// - Parameters:
    ///   - isCancelled: polled as data moves, and about once a second while none does.
    ///   - onHead: called once, with the head of the answer, before its body.
    ///   - sink: gets the body in pieces, each valid only for the call.
    /// - Throws: what a closure throws comes as `.sink`, with the error as `underlying`.
    @discardableResult
    public func perform(
        _ request: HTTPClientRequest, isCancelled: () -> Bool = { false },
        onHead: (HTTPClientResponse) throws -> Void = { _ in }, body sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws(HTTPClientError) -> HTTPClientResponse {
        let result = withoutActuallyEscaping(isCancelled) { isCancelled in
            withoutActuallyEscaping(onHead) { onHead in
                withoutActuallyEscaping(sink) { sink in
                    let transfer = HTTPTransfer(
                        allowsLinkLocal: configuration.allowsLinkLocal, isCancelled: isCancelled, onHead: onHead,
                        sink: sink)
                    return run(request, transfer)
                }
            }
        }
        return try result.get()
    }

    /// Sends a request and collects the body of the answer, up to `maximumBody` bytes.
    public func perform(
        _ request: HTTPClientRequest, maximumBody: Int, isCancelled: () -> Bool = { false }
    ) throws(HTTPClientError) -> (HTTPClientResponse, [UInt8]) {
        var body: [UInt8] = []
        do {
            let response = try perform(request, isCancelled: isCancelled) { bytes in
                if body.count + bytes.count > maximumBody {
                    throw HTTPClientError(.tooLarge, "the body is larger than \(maximumBody) bytes")
                }
                body.append(contentsOf: bytes)
            }
            return (response, body)
        } catch {
            throw error.underlying as? HTTPClientError ?? error
        }
    }

    private func run(
        _ request: HTTPClientRequest, _ transfer: HTTPTransfer
    ) -> Result<HTTPClientResponse, HTTPClientError> {
        guard let headers = headerList(request) else {
            return .failure(HTTPClientError(.invalidRequest, "a header or the method cannot be sent"))
        }
        defer { curl_slist_free_all(headers) }
        curl_easy_reset(handle)
        setLimits(request)
        _ = millrace_curl_set_string(handle, CURLOPT_URL, request.url)
        _ = millrace_curl_set_headers(handle, headers)
        transfer.install(on: handle)
        let status = request.body.withUnsafeBytes { body in
            setMethod(request.method, body)
            return withExtendedLifetime(transfer) { curl_easy_perform(handle) }
        }
        var opened = 0
        _ = millrace_curl_get_long(handle, CURLINFO_NUM_CONNECTS, &opened)
        transfer.response.openedConnection = opened > 0
        if status == CURLE_OK { return .success(transfer.response) }
        return .failure(error(status, transfer))
    }

    private func setLimits(_ request: HTTPClientRequest) {
        setNumber(CURLOPT_NOSIGNAL, 1)
        setNumber(CURLOPT_NOPROGRESS, 0)
        setNumber(CURLOPT_PATH_AS_IS, 1)
        setNumber(CURLOPT_TCP_KEEPALIVE, 1)
        setNumber(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        setNumber(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectMilliseconds)
        setNumber(CURLOPT_TIMEOUT_MS, configuration.totalMilliseconds)
        // A name server that says nothing is not waited for beyond that: its thread ends by itself.
        if configuration.totalMilliseconds > 0 { setNumber(CURLOPT_QUICK_EXIT, 1) }
        // One byte a second: a sink that blocks does not look like a stall, as something moved around it.
        setNumber(CURLOPT_LOW_SPEED_LIMIT, 1)
        setNumber(CURLOPT_LOW_SPEED_TIME, max(1, request.stallSeconds ?? configuration.stallSeconds))
        setNumber(CURLOPT_BUFFERSIZE, 256 * 1024)
        setNumber(CURLOPT_UPLOAD_BUFFERSIZE, 512 * 1024)
        _ = millrace_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = millrace_curl_set_string(handle, CURLOPT_USERAGENT, configuration.userAgent)
        if let file = configuration.certificateFile { _ = millrace_curl_set_string(handle, CURLOPT_CAINFO, file) }
    }

    private func setMethod(_ method: String, _ body: UnsafeRawBufferPointer) {
        switch method {
        case "GET" where body.isEmpty: setNumber(CURLOPT_HTTPGET, 1)
        case "HEAD": setNumber(CURLOPT_NOBODY, 1)
        case "DELETE" where body.isEmpty: _ = millrace_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, method)
        default:
            // As a POST of fields under another name, because libcurl then sends from the caller's memory.
            setNumber(CURLOPT_POST, 1)
            _ = millrace_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            if let start = body.baseAddress, !body.isEmpty {
                _ = millrace_curl_set_body(handle, start)
            } else {
                _ = "".withCString { millrace_curl_set_string(handle, CURLOPT_COPYPOSTFIELDS, $0) }
            }
            _ = millrace_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, method)
        }
    }

    private func setNumber(_ option: CURLoption, _ value: Int) { _ = millrace_curl_set_long(handle, option, value) }

    /// The headers for libcurl; nil if one of them would break out of its line.
    private func headerList(_ request: HTTPClientRequest) -> UnsafeMutablePointer<curl_slist>? {
        guard !request.method.isEmpty, request.method.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        // No waiting for "100 Continue", and no form content type that nobody asked for.
        var lines = ["Expect:"]
        if !request.headers.contains(where: { $0.0.lowercased() == "content-type" }) { lines.append("Content-Type:") }
        for (name, value) in request.headers {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }),
                value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 })
            else { return nil }
            // libcurl takes "Name:" as "leave out" and "Name;" as an empty value.
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                return nil
            }
            list = longer
        }
        return list
    }

    private func error(_ status: CURLcode, _ transfer: HTTPTransfer) -> HTTPClientError {
        if let failure = transfer.failure {
            return HTTPClientError(.sink, "the receiver of the answer failed", underlying: failure)
        }
        if transfer.wasCancelled { return HTTPClientError(.cancelled, "the exchange was cancelled") }
        if transfer.wasRefused {
            return HTTPClientError(.refusedAddress, "the host has a link-local or metadata address")
        }
        return HTTPClientError(Self.code(status), String(cString: curl_easy_strerror(status)))
    }

    private static func code(_ status: CURLcode) -> HTTPClientError.Code {
        switch status {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT: .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY: .cannotConnect
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER:
            .tls
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING: .badResponse
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT: .outOfMemory
        default: .interrupted
        }
    }
}
