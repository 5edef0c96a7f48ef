// SPDX-License-Identifier: Apache-2.0
import Observability
import Testing

@testable import HTTPServer

@Suite(.serialized)
struct ExchangeTests {
    @Test
    func `A connection serves one request after the other`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        for round in 0..<3 {
            client.send("GET /r\(round)?a=b HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(client.response()?.body == "GET /r\(round)?a=b 0")
        }
        #expect(server.server.statistics.connections == 1)
    }

    @Test
    func `Pipelined requests are answered in order`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        let requests = (0..<50).map { "POST /p\($0) HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" }
        client.send(requests.joined())
        for round in 0..<50 { #expect(client.response()?.body == "POST /p\(round)? 3") }
    }

    @Test
    func `A pipelined request waits for the suspended one before it`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(eventually { server.server.statistics.suspendedExchanges == 1 })
        #expect(server.paths == ["/later"])
        for exchange in server.takeKept() { exchange.respond(HTTPResponse(status: 200, body: Array("late".utf8))) }
        #expect(client.response()?.body == "late")
        #expect(client.response()?.body == "GET /next? 0")
    }

    @Test
    func `The request carries headers, body, identity and peer`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        let head = "POST /x HTTP/1.1\r\nHost: x\r\nX-One: a \r\nx-one:b\r\nX-Empty:\r\nContent-Length: 5\r\n\r\n"
        client.send(head + "hello")
        let response = client.response()
        let request = try #require(server.requests.first)
        #expect(request.body == Array("hello".utf8))
        #expect(request.headers.all("X-ONE") == ["a", "b"])
        #expect(request.headers.get("x-empty") == "")
        #expect(request.headers.get("absent") == nil)
        #expect(request.headers.map(\.0) == ["Host", "X-One", "x-one", "X-Empty", "Content-Length"])
        #expect(request.remoteAddress == "127.0.0.1")
        #expect(request.receivedAt > 0)
        #expect(request.id.utf8.count == 36)
        #expect(response?.headers["x-amzn-requestid"] == request.id)
        #expect(response?.headers["date"] != nil)
    }

    @Test(arguments: [
        ("/a%2Fb%00c/%zz?x=%2F%00&y=+", "/a%2Fb%00c/%zz", "x=%2F%00&y=+"), ("/?", "/", ""), ("/p??q", "/p", "?q"),
        ("/p;v=1/../a//b", "/p;v=1/../a//b", ""), ("http://host:80/abs?q=1", "/abs", "q=1"),
        ("HTTP://host?q", "/", "q"),
    ])
    func `The target arrives as it was sent`(target: String, path: String, query: String) throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.response()?.status == 200)
        #expect(server.requests.first?.rawPath == path)
        #expect(server.requests.first?.rawQuery == query)
    }

    @Test
    func `Chunked bodies are put together`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        // libmicrohttpd 1.0, asked to be strict, takes no extensions of chunks.
        let size = HeaderLayout.isKnown ? "5;ext=1" : "5"
        client.send("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n\(size)\r\nhello\r\n")
        client.send("6\r\n world\r\n0\r\nX-Trailer: t\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.response()?.body == "POST /c? 11")
        #expect(client.response()?.body == "GET /after? 0")
        #expect(server.requests.first?.body == Array("hello world".utf8))
    }

    @Test
    func `A client that expects 100 gets it before its body`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        #expect(client.response(hasBody: false)?.status == 100)
        client.send("ok")
        #expect(client.response()?.body == "POST /e? 2")
    }

    @Test
    func `HEAD gets the headers of GET without a body`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n")
        let head = client.response(hasBody: false)
        #expect(head?.status == 200)
        #expect(head?.headers["content-length"] == String("HEAD /h? 0".utf8.count))
        #expect(client.response()?.body == "GET /g? 0")
    }

    @Test
    func `HTTP 1_0 is served without Host and closes`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("GET /old HTTP/1.0\r\n\r\n")
        #expect(client.readToEnd()?.hasSuffix("GET /old? 0") == true)
    }

    @Test
    func `A body of the maximum size and a large response go through`() throws {
        let answer = [UInt8](repeating: UInt8(ascii: "r"), count: 8 << 20)
        let server = HTTPServer(HTTPServerConfiguration(), logger: Logger(role: "test")) { exchange in
            exchange.respond(HTTPResponse(status: exchange.request.body.count == 1 << 20 ? 200 : 500, body: answer))
        }
        try server.start()
        defer { server.shutdown(deadlineSeconds: 5) }
        let client = RawClient(port: server.port)
        client.send("POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: \(1 << 20)\r\n\r\n")
        client.send([UInt8](repeating: 7, count: 1 << 20))
        let response = client.response()
        #expect(response?.status == 200)
        #expect(response?.body.utf8.count == answer.count)
    }

    @Test
    func `Response headers cannot break out of their line`() throws {
        let server = HTTPServer(HTTPServerConfiguration(), logger: Logger(role: "test")) { exchange in
            let headers = [("X-Good", "1"), ("X-Bad", "a\r\nX-Injected: 1"), ("Content-Length", "99")]
            exchange.respond(HTTPResponse(status: 200, headers: headers, body: Array("ok".utf8)))
        }
        try server.start()
        defer { server.shutdown(deadlineSeconds: 5) }
        let client = RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let response = client.response()
        #expect(response?.headers["x-good"] == "1")
        #expect(response?.headers["x-injected"] == nil)
        #expect(response?.headers["content-length"] == "2")
        #expect(response?.body == "ok")
    }

    @Test
    func `An error is JSON with its type`() {
        let response = HTTPResponse.failure(404, code: "ResourceNotFoundException", message: "no \"flow\"\n")
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"message":"no \"flow\"\n"}"#)
        #expect(response.headers.contains { $0 == ("x-amzn-ErrorType", "ResourceNotFoundException") })
    }
}
