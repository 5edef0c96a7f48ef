// SPDX-License-Identifier: Apache-2.0
import FaultServer
import Synchronization
import Testing

@testable import HTTPClient

@Suite(.serialized) struct HTTPClientTests {
    private func get(_ url: String, _ client: HTTPClient) throws(HTTPClientError) -> (HTTPClientResponse, String) {
        let (response, body) = try client.perform(HTTPClientRequest(method: "GET", url: url), maximumBody: 1 << 20)
        return (response, String(decoding: body, as: UTF8.self))
    }

    @Test func `status, headers and body come through`() throws {
        let server = FaultServer { request, connection in
            connection.respond(418, [("X-One", "a: b"), ("x-one", "second"), ("ETag", "\"e\"")], text: request.target)
        }
        let (response, body) = try get(server.url + "/a/../b%2Fc?x=%20", try HTTPClient())
        #expect(response.status == 418)
        #expect(response.header("X-ONE") == "a: b")
        #expect(response.header("etag") == "\"e\"")
        #expect(response.header("absent") == nil)
        // The path is sent as it was given.
        #expect(body == "/a/../b%2Fc?x=%20")
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH"])
    func `bodies are sent whole, with the headers given`(method: String) throws {
        let server = FaultServer { _, connection in connection.respond(200) }
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let client = try HTTPClient()
        for body in [body, []] {
            let headers = [("x-empty", ""), ("x-value", "ü"), ("host", "elsewhere:1")]
            _ = try client.perform(
                HTTPClientRequest(method: method, url: server.url + "/", headers: headers, body: body), maximumBody: 0)
            let request = try #require(server.requests.last)
            #expect(request.method == method)
            #expect(request.body == body)
            #expect(request.header("x-empty") == "")
            #expect(request.header("x-value") == "ü")
            #expect(request.header("host") == "elsewhere:1")
            #expect(request.header("content-type") == nil)
            #expect(request.header("expect") == nil)
        }
    }

    @Test func `HEAD has no body, whatever its length`() throws {
        let server = FaultServer { _, connection in
            connection.send(connection.head(200, [("Content-Length", "1000")]))
        }
        let client = try HTTPClient()
        for _ in 0..<2 {
            let (response, body) = try client.perform(
                HTTPClientRequest(method: "HEAD", url: server.url), maximumBody: 0)
            #expect(response.header("content-length") == "1000")
            #expect(body.isEmpty)
        }
    }

    @Test func `connections are kept alive`() throws {
        let server = FaultServer { _, connection in connection.respond(200, text: "ok") }
        let client = try HTTPClient()
        for _ in 0..<20 { #expect(try get(server.url, client).1 == "ok") }
        #expect(server.connections == 1)
    }

    @Test func `a connection that the server closed meanwhile is replaced`() throws {
        let server = FaultServer { _, connection in
            connection.respond(200, text: "ok")
            connection.close()
        }
        let client = try HTTPClient()
        for _ in 0..<5 { #expect(try get(server.url, client).1 == "ok") }
    }

    @Test func `heads of interim answers are skipped, trailers ignored`() throws {
        let server = FaultServer { _, connection in
            connection.send(Array("HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n".utf8))
            connection.send(
                Array(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
                        .utf8))
        }
        let (response, body) = try get(server.url, try HTTPClient())
        #expect(body == "abcde")
        #expect(response.header("x-interim") == nil)
        #expect(response.header("x-trailer") == nil)
    }

    @Test func `a redirect is an answer`() throws {
        let server = FaultServer { _, connection in
            connection.respond(302, [("Location", "http://169.254.169.254/")], text: "away")
        }
        #expect(try get(server.url, try HTTPClient()).0.status == 302)
        #expect(server.requests.count == 1)
    }

    @Test func `the head comes before the body`() throws {
        let server = FaultServer { _, connection in connection.respond(404, text: "body") }
        var events: [String] = []
        try HTTPClient().perform(
            HTTPClientRequest(method: "GET", url: server.url), onHead: { events.append("head \($0.status)") },
            body: { events.append("body \($0.count)") })
        #expect(events == ["head 404", "body 4"])
    }

    @Test func `a body that ends early is an interruption`() throws {
        for resets in [false, true] {
            let server = FaultServer { _, connection in
                connection.send(connection.head(200, [("Content-Length", "10")]) + Array("abc".utf8))
                if resets { connection.reset() } else { connection.close() }
            }
            let error = #expect(throws: HTTPClientError.self) { try get(server.url, try HTTPClient()) }
            #expect(error?.code == .interrupted)
            #expect(error?.isRetriable == true)
        }
    }

    @Test func `a server that says nothing is given up`() throws {
        let server = FaultServer { _, connection in connection.stallUntilClientLeaves() }
        var configuration = HTTPClientConfiguration()
        configuration.stallSeconds = 1
        let client = try HTTPClient(configuration)
        let error = #expect(throws: HTTPClientError.self) { try get(server.url, client) }
        #expect(error?.code == .timedOut)
    }

    @Test func `nobody listens`() throws {
        let port = FaultServer { _, _ in }.port
        let error = #expect(throws: HTTPClientError.self) {
            try get("http://127.0.0.1:\(port)/", try HTTPClient())
        }
        #expect(error?.code == .cannotConnect)
        #expect(error?.isRetriable == true)
    }

    @Test(arguments: ["HTTP/9.9 what\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n"])
    func `something that is no HTTP`(greeting: String) throws {
        let server = FaultServer { _, connection in
            connection.send(Array(greeting.utf8))
            connection.close()
        }
        let error = #expect(throws: HTTPClientError.self) { try get(server.url, try HTTPClient()) }
        #expect(error != nil)
    }

    @Test func `bodies beyond the limit are refused`() throws {
        let server = FaultServer { _, connection in connection.respond(200, text: "12345") }
        let client = try HTTPClient()
        #expect(try client.perform(HTTPClientRequest(method: "GET", url: server.url), maximumBody: 5).1.count == 5)
        let error = #expect(throws: HTTPClientError.self) {
            try client.perform(HTTPClientRequest(method: "GET", url: server.url), maximumBody: 4)
        }
        #expect(error?.code == .tooLarge)
    }

    @Test func `what the sink throws comes out, and the client goes on`() throws {
        struct Full: Error {}
        let server = FaultServer { _, connection in connection.respond(200, text: "12345") }
        let client = try HTTPClient()
        let error = #expect(throws: HTTPClientError.self) {
            try client.perform(HTTPClientRequest(method: "GET", url: server.url)) { _ in throw Full() }
        }
        #expect(error?.code == .sink)
        #expect(error?.underlying is Full)
        #expect(try get(server.url, client).1 == "12345")
    }

    @Test func `cancelling ends a transfer that waits`() throws {
        let server = FaultServer { _, connection in connection.stallUntilClientLeaves() }
        let asked = Mutex(0)
        let error = #expect(throws: HTTPClientError.self) {
            try HTTPClient().perform(
                HTTPClientRequest(method: "GET", url: server.url), maximumBody: 0,
                isCancelled: {
                    asked.withLock {
                        $0 += 1; return $0 > 2
                    }
                })
        }
        #expect(error?.code == .cancelled)
        #expect(error?.isRetriable == false)
    }

    @Test(arguments: [
        ("GE T", [("a", "b")]), ("GET", [("a", "b\r\nc: d")]), ("GET", [("a b", "c")]), ("GET", [("a:", "c")]),
        ("", []),
        ("GET", [("", "c")]), ("GET", [("a", "b\0c")]),
    ])
    func `requests that would break out of their line are not sent`(method: String, headers: [(String, String)]) throws
    {
        let server = FaultServer { _, connection in connection.respond(200) }
        let error = #expect(throws: HTTPClientError.self) {
            try HTTPClient().perform(
                HTTPClientRequest(method: method, url: server.url, headers: headers), maximumBody: 0)
        }
        #expect(error?.code == .invalidRequest)
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "", "http://"])
    func `only http and https`(url: String) throws {
        let error = #expect(throws: HTTPClientError.self) { try get(url, try HTTPClient()) }
        #expect(error?.code == .invalidRequest)
    }
}

@Suite struct AddressGuardTests {
    @Test(arguments: [
        "169.254.169.254", "169.254.0.1", "169.254.170.2", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255",
        "100.100.100.200", "168.63.129.16", "192.0.0.192",
    ])
    func `refused IPv4 addresses`(text: String) throws {
        #expect(AddressGuard.refuses(ipv4: try ipv4(text)))
    }

    @Test(arguments: [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.253.255.255", "169.255.0.0", "52.1.2.3",
    ])
    func `allowed IPv4 addresses`(text: String) throws {
        #expect(!AddressGuard.refuses(ipv4: try ipv4(text)))
    }

    @Test(arguments: [
        "fe80::1", "febf::1", "::", "ff02::1", "::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1", "fd00:ec2::254",
    ])
    func `refused IPv6 addresses`(text: String) throws {
        #expect(AddressGuard.refuses(ipv6: try ipv6(text)))
    }

    @Test(arguments: [
        "::1", "fec0::1", "fd00::1", "2001:db8::1", "::ffff:127.0.0.1", "64:ff9b::0808:0808", "fd00:ec2::1",
    ])
    func `allowed IPv6 addresses`(text: String) throws {
        #expect(!AddressGuard.refuses(ipv6: try ipv6(text)))
    }

    @Test(arguments: ["http://169.254.169.254/", "http://[fe80::1%251]/", "http://0xa9fea9fe/", "http://2852039166/"])
    func `the client does not connect to them, however they are written`(url: String) throws {
        let error = #expect(throws: HTTPClientError.self) {
            try HTTPClient().perform(HTTPClientRequest(method: "GET", url: url), maximumBody: 0)
        }
        #expect(error?.code == .refusedAddress)
        #expect(error?.isRetriable == false)
    }
}
