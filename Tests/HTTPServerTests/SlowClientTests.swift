// SPDX-License-Identifier: Apache-2.0
import HTTPServer
import Observability
import Testing

/// Clients that take their time. Each drips until the server ends the connection, which only its own deadline does: the
/// library's timer starts again with every byte.
@Suite(.serialized)
struct SlowClientTests {
    /// Sends a byte and waits a little for the server, again and again; what the server sent until it closed.
    private func drip(_ client: RawClient, _ text: String, otherwise: () -> Void = {}) -> String? {
        for byte in text.utf8 {
            client.send([byte])
            otherwise()
            if client.isReadable(within: 50) { return client.readToEnd() }
        }
        return nil
    }

    private static let manyHeaders = String(repeating: "X: y\r\n", count: 2000)

    @Test
    func `A dripping body ends with 408, and others are served meanwhile`() throws {
        let server = try TestServer { $0.requestDeadlineSeconds = 1 }
        defer { server.stop() }
        let dripping = server.client()
        dripping.send("POST /drip HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        let other = server.client()
        let answer = drip(dripping, String(repeating: "a", count: 5000)) {
            other.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(other.response()?.status == 200)
        }
        #expect(answer?.hasPrefix("HTTP/1.1 408 ") == true)
        #expect(answer?.contains("RequestTimeoutException") == true)
        #expect(eventually { server.server.statistics.connections == 1 })
        #expect(!server.paths.contains("/drip"))
        #expect(server.server.statistics.cutOffConnections == 1)
    }

    @Test
    func `A dripping chunked body and a dripping trailer end with 408`() throws {
        let server = try TestServer { $0.requestDeadlineSeconds = 1 }
        defer { server.stop() }
        for start in ["", "0\r\n"] {
            let client = server.client()
            client.send("POST /drip HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + start)
            let rest = start.isEmpty ? String(repeating: "1\r\na\r\n", count: 2000) : Self.manyHeaders
            #expect(drip(client, rest)?.hasPrefix("HTTP/1.1 408 ") == true)
        }
        #expect(eventually { server.server.statistics.connections == 0 })
        #expect(server.paths == [])
    }

    @Test
    func `Dripping headers end with 408`() throws {
        let server = try TestServer { $0.requestDeadlineSeconds = 1 }
        defer { server.stop() }
        let client = server.client()
        client.send("GET /drip HTTP/1.1\r\nHost: x\r\n")
        #expect(drip(client, Self.manyHeaders)?.hasPrefix("HTTP/1.1 408 ") == true)
        #expect(eventually { server.server.statistics.connections == 0 })
        #expect(server.paths == [])
    }

    @Test
    func `A dripping request line ends with 408`() throws {
        let server = try TestServer { $0.requestDeadlineSeconds = 1 }
        defer { server.stop() }
        let client = server.client()
        let line = "GET /" + String(repeating: "a", count: 10_000)
        #expect(drip(client, line)?.hasPrefix("HTTP/1.1 408 ") == true)
        #expect(eventually { server.server.statistics.connections == 0 })
    }

    @Test
    func `A connection on which nothing comes is closed`() throws {
        let server = try TestServer { $0.requestDeadlineSeconds = 1 }
        defer { server.stop() }
        let client = server.client()
        #expect(client.readToEnd()?.hasPrefix("HTTP/1.1 408 ") == true)
        #expect(eventually { server.server.statistics.connections == 0 })
    }

    @Test
    func `An idle connection is closed silently, also if the next request line drips`() throws {
        let server = try TestServer { $0.keepAliveSeconds = 1 }
        defer { server.stop() }
        for isDripping in [false, true] {
            let client = server.client()
            client.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(client.response()?.status == 200)
            let line = "GET /" + String(repeating: "a", count: 10_000)
            let rest = isDripping ? drip(client, line) : client.readToEnd()
            #expect(rest == "")
        }
        #expect(eventually { server.server.statistics.connections == 0 })
    }

    @Test
    func `A second request has its own deadline`() throws {
        let server = try TestServer { $0.requestDeadlineSeconds = 1 }
        defer { server.stop() }
        let client = server.client()
        client.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.response()?.status == 200)
        client.send("POST /drip HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        #expect(drip(client, String(repeating: "a", count: 5000))?.hasPrefix("HTTP/1.1 408 ") == true)
        #expect(eventually { server.server.statistics.connections == 0 })
    }

    @Test
    func `A client that never reads its response is cut off`() throws {
        var configuration = HTTPServerConfiguration()
        configuration.responseDeadlineSeconds = 1
        let answer = [UInt8](repeating: 0, count: 4 << 20)
        let server = HTTPServer(configuration, logger: Logger(role: "test")) { exchange in
            exchange.respond(HTTPResponse(status: 200, body: exchange.request.rawPath == "/big" ? answer : []))
        }
        try server.start()
        defer { server.shutdown(deadlineSeconds: 5) }
        let silent = RawClient(port: server.port, receiveBuffer: 4096)
        silent.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(eventually { server.statistics.activeExchanges == 1 })
        let other = RawClient(port: server.port)
        other.send("GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(other.response()?.status == 200)
        #expect(eventually { server.statistics.cutOffConnections == 1 })
        #expect(eventually { server.statistics.activeExchanges == 0 && server.statistics.connections == 1 })
    }

    @Test
    func `A suspended exchange has no deadline of the server's`() throws {
        let server = try TestServer {
            $0.requestDeadlineSeconds = 1
            $0.keepAliveSeconds = 1
            $0.responseDeadlineSeconds = 1
        }
        defer { server.stop() }
        let waiting = server.client()
        waiting.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(eventually { server.server.statistics.suspendedExchanges == 1 })
        // A connection that came later is overdue by now.
        #expect(server.client().readToEnd()?.hasPrefix("HTTP/1.1 408 ") == true)
        for exchange in server.takeKept() { exchange.respond(HTTPResponse(status: 200)) }
        #expect(waiting.response()?.status == 200)
    }

    @Test
    func `Many dripping clients do not keep others out`() throws {
        let server = try TestServer {
            $0.requestDeadlineSeconds = 1
            $0.maximumConnections = 20
        }
        defer { server.stop() }
        let dripping = (0..<30).map { _ in server.client() }
        for client in dripping { client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n") }
        let other = server.client()
        other.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(other.response()?.status == 200)
        #expect(dripping.count == 30)
    }
}
