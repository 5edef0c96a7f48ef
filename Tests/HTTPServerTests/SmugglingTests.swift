// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTPServer

/// Requests whose bytes another HTTP implementation could cut up differently. Each is followed by a second request
/// that must never be dispatched: the answer is 400 and the end of the connection.
@Suite(.serialized)
struct SmugglingTests {
    private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

    static let heads: [String] = [
        // Two ways to find the end of the body
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        // Encodings that nobody knows
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \u{0B}chunked\r\n\r\n0\r\n\r\n",
        // Header names that only look like the ones that matter
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length\t: 4\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\n: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent\u{01}Length: 4\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n",
        // Lengths that some read as a number
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
        // Lines that do not end in CRLF, and lines folded into one
        "POST / HTTP/1.1\r\nHost: x\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: y\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\n\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: y\rContent-Length: 4\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: y\r\n Content-Length: 4\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: y\r\n\tz\r\nY: z\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
        // NUL, at which C strings end
        "POST / HTTP/1.1\r\nHost: x\r\nX: y\0z\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\0x\r\n\r\n0\r\n\r\n",
        // Host
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nX: y\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        // Request lines
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n", "GET a HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a\u{7F} HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /\u{E9} HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /  HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /\0a HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\0\r\nHost: x\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: x\r\n\r\n",
    ]

    @Test(arguments: heads)
    func `It gets 400 and the connection ends`(head: String) throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send(head + Self.smuggled)
        let text = client.readToEnd()
        #expect(server.paths == [])
        // libmicrohttpd 1.0 drops a few of them without a word.
        if !HeaderLayout.isKnown && text == "" { return }
        #expect(text?.hasPrefix("HTTP/1.1 400 ") == true, "\(text ?? "the connection stays open")")
        #expect(text?.lowercased().contains("connection: close") == true)
        #expect(text?.contains("HTTP/1.1 200") == false)
    }

    /// Here the library itself drops the connection.
    @Test(arguments: ["GET\r\n\r\n", " / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /\r\n\r\n"])
    func `A request line in pieces ends the connection`(head: String) throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send(head + Self.smuggled)
        let text = client.readToEnd()
        #expect(text != nil)
        #expect(text?.contains(" 200 ") == false)
        #expect(server.paths == [])
    }

    @Test(arguments: [
        "5\r\nhello", "5\r\nhelloX\r\n0\r\n\r\n", "-1\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "g\r\n", "FFFFFFFFFFFFFFFFF\r\n", "ffffffffffffffff\r\n", ";\r\n",
    ])
    func `A malformed chunk never becomes a request`(body: String) throws {
        let server = try TestServer { $0.requestDeadlineSeconds = 1 }
        defer { server.stop() }
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body + Self.smuggled)
        client.finishSending()
        let text = client.readToEnd()
        #expect(text != nil)
        #expect(text?.contains(" 200 ") == false)
        #expect(server.paths == [])
    }

    @Test(arguments: ["OPTIONS", "CONNECT", "TRACE", "PATCH", "get", "PRI", "G\u{0B}T"])
    func `Other methods get 405 and the connection ends`(method: String) throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("\(method) / HTTP/1.1\r\nHost: x\r\n\r\n" + Self.smuggled)
        let text = client.readToEnd()
        #expect(server.paths == [])
        if !HeaderLayout.isKnown && text == "" { return }
        #expect(text?.hasPrefix("HTTP/1.1 405 ") == true)
        #expect(text?.components("HTTP/1.1 ").count == 2)
    }

    @Test
    func `An unknown expectation gets 417`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\nab" + Self.smuggled)
        #expect(client.readToEnd()?.hasPrefix("HTTP/1.1 417 ") == true)
        #expect(server.paths == [])
    }
}

extension String {
    /// What stands between the occurrences of a separator.
    fileprivate func components(_ separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
