// SPDX-License-Identifier: Apache-2.0
import HTTPServer
import Observability
import Synchronization
import Testing
import Threading

@Suite(.serialized)
struct ShutdownTests {
    @Test
    func `Suspended exchanges get 503 at the deadline`() throws {
        let server = try TestServer()
        let clients = (0..<20).map { _ in server.client() }
        for client in clients { client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n") }
        #expect(eventually { server.server.statistics.suspendedExchanges == 20 })
        server.server.shutdown(deadlineSeconds: 0)
        for client in clients {
            let response = client.response()
            #expect(response?.status == 503)
            #expect(response?.headers["connection"] == "close")
            #expect(response?.headers["retry-after"] == "1")
            #expect(response?.body.contains("not known") == true)
            #expect(client.readToEnd() == "")
        }
        #expect(server.server.statistics.connections == 0)
        #expect(server.server.statistics.activeExchanges == 0)
        // Too late, and harmless.
        for exchange in server.takeKept() { exchange.respond(HTTPResponse(status: 200)) }
    }

    @Test
    func `Exchanges under way are waited for, new ones get 503 or are refused`() throws {
        let server = try TestServer()
        let port = server.server.port
        let waiting = server.client()
        let idle = server.client()
        idle.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(idle.response()?.status == 200)
        waiting.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(eventually { server.server.statistics.suspendedExchanges == 1 })
        let stopper = NamedThread("stopper") { server.server.shutdown(deadlineSeconds: 60) }
        #expect(eventually { !RawClient(port: port).isConnected })
        // The port is closed a moment before new requests are refused.
        #expect(
            eventually {
                idle.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
                let response = idle.response()
                return response?.status == 503 && response?.headers["connection"] == "close"
            })
        for exchange in server.takeKept() { exchange.respond(HTTPResponse(status: 200, body: Array("done".utf8))) }
        #expect(waiting.response()?.body == "done")
        stopper.join()
        #expect(server.server.statistics.connections == 0)
    }

    @Test
    func `Half a request does not hold up the shutdown`() throws {
        let server = try TestServer()
        let client = server.client()
        client.send("POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        #expect(eventually { server.server.statistics.bufferedBodyBytes == 3 })
        server.server.shutdown(deadlineSeconds: 60)
        #expect(client.readToEnd() == "")
        #expect(server.server.statistics.bufferedBodyBytes == 0)
    }

    @Test
    func `Shutdown under load loses no answer and does not crash`() throws {
        for _ in 0..<5 {
            let mailbox = Mailbox<HTTPExchange>()
            let server = HTTPServer(HTTPServerConfiguration(), logger: Logger(role: "test")) { exchange in
                if !mailbox.offer(exchange) { exchange.respond(HTTPResponse(status: 500)) }
            }
            try server.start()
            let answerer = NamedThread("answerer") {
                while true {
                    let exchanges = mailbox.take(timeoutMilliseconds: -1)
                    if exchanges.isEmpty { return }
                    for exchange in exchanges { exchange.respond(HTTPResponse(status: 200)) }
                }
            }
            let port = server.port
            let served = Atomic<Int>(0)
            let wrong = Atomic<Int>(0)
            let clients = (0..<4).map { _ in
                NamedThread("client") {
                    let client = RawClient(port: port)
                    while client.send("GET /load HTTP/1.1\r\nHost: x\r\n\r\n"), let response = client.response() {
                        served.wrappingAdd(1, ordering: .relaxed)
                        if response.status == 503 { return }
                        if response.status != 200 { wrong.wrappingAdd(1, ordering: .relaxed) }
                    }
                }
            }
            #expect(eventually { served.load(ordering: .relaxed) > 100 })
            server.shutdown(deadlineSeconds: 10)
            for client in clients { client.join() }
            mailbox.close()
            answerer.join()
            #expect(wrong.load(ordering: .relaxed) == 0)
            #expect(server.statistics.activeExchanges == 0)
        }
    }

    @Test
    func `Starting twice and a port that is taken fail with a reason, stopping twice does not`() throws {
        let server = try TestServer()
        #expect(throws: HTTPServerError.self) { try server.server.start() }
        var configuration = HTTPServerConfiguration()
        configuration.port = server.server.port
        let second = HTTPServer(configuration, logger: Logger(role: "test")) { _ in }
        do {
            try second.start()
            Issue.record("two servers on one port")
        } catch {
            #expect(error.code == .cannotListen)
            #expect(error.description.contains("Address already in use"))
        }
        server.stop()
        server.stop()
        #expect(server.server.port == 0)
        second.shutdown(deadlineSeconds: 0)
    }

    @Test
    func `A setting out of range is named`() {
        let changes: [(String, (inout HTTPServerConfiguration) -> Void)] = [
            ("threads", { $0.threads = 0 }), ("maximumBody", { $0.maximumBody = -1 }),
            ("requestDeadlineSeconds", { $0.requestDeadlineSeconds = 0 }),
            ("maximumConnections", { $0.maximumConnections = 1 }),
            ("perAddressConnections", { $0.perAddressConnections = -1 }),
        ]
        for (name, change) in changes {
            do {
                _ = try TestServer(change)
                Issue.record("it started in spite of \(name)")
            } catch {
                let error = error as? HTTPServerError
                #expect(error?.code == .invalidConfiguration)
                #expect(error?.description.hasPrefix(name + " is ") == true)
            }
        }
    }

    /// Each request, connection and callback holds on to the server's core, and the core to the handler: if the
    /// handler is let go of, nothing leaked.
    @Test
    func `After the shutdown nothing is left, whatever happened to requests and connections`() throws {
        final class Token: Sendable {}
        weak var token: Token?
        do {
            let held = Token()
            token = held
            let kept = Mailbox<HTTPExchange>()
            let server = HTTPServer(HTTPServerConfiguration(), logger: Logger(role: "test", level: .error)) {
                exchange in
                withExtendedLifetime(held) {}
                if exchange.request.rawPath == "/later" {
                    _ = kept.offer(exchange)
                } else {
                    exchange.respond(HTTPResponse(status: 200))
                }
            }
            try server.start()
            let pieces = [
                "", "GET", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX", "GET / HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT", "BAD\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\nabc",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\nabc",
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", "GET /later HTTP/1.1\r\nHost: x\r\n\r\n",
            ]
            // Half of the clients go away, the others are there when the server stops.
            for piece in pieces { RawClient(port: server.port).send(piece) }
            let staying = pieces.map { piece in
                let client = RawClient(port: server.port)
                client.send(piece)
                return client
            }
            #expect(eventually { server.statistics.suspendedExchanges == 4 })
            for exchange in kept.take(upTo: 2, timeoutMilliseconds: 0) { exchange.respond(HTTPResponse(status: 200)) }
            server.shutdown(deadlineSeconds: 0)
            // The handler holds the mailbox, and an exchange in it would hold the handler.
            #expect(kept.take(timeoutMilliseconds: 0).count == 2)
            #expect(staying.count == pieces.count)
            #expect(server.statistics.connections == 0)
            #expect(server.statistics.bufferedBodyBytes == 0)
        }
        #expect(token == nil)
    }

    @Test(arguments: [("localhost", 0), ("127.0.0.1", -1), ("127.0.0.1", 65536), ("", 0)])
    func `A bad address is named`(address: String, port: Int) {
        let configuration = HTTPServerConfiguration(address: address, port: port)
        let server = HTTPServer(configuration, logger: Logger(role: "test")) { _ in }
        do {
            try server.start()
            Issue.record("it started")
        } catch {
            #expect(error.code == .invalidAddress)
        }
    }
}
