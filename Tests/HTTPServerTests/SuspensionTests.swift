// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTPServer
import Observability
import Synchronization
import Testing
import Threading

@Suite(.serialized)
struct SuspensionTests {
    @Test
    func `Another thread answers`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        for round in 0..<3 {
            client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(eventually { server.server.statistics.suspendedExchanges == 1 })
            let kept = server.takeKept()
            NamedThread("answer") {
                for exchange in kept { exchange.respond(.json(201, Array("{\"round\":\(round)}".utf8))) }
            }.join()
            let response = client.response()
            #expect(response?.status == 201)
            #expect(response?.body == "{\"round\":\(round)}")
        }
        #expect(server.server.statistics.suspendedExchanges == 0)
    }

    @Test
    func `Two hundred exchanges wait at once and all get their own answer`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let clients = (0..<200).map { _ in server.client() }
        for (index, client) in clients.enumerated() {
            client.send("POST /later/\(index) HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        }
        #expect(eventually { server.server.statistics.suspendedExchanges == 200 })
        let kept = server.takeKept()
        let threads = (0..<4).map { part in
            NamedThread("answer-\(part)") {
                for (index, exchange) in kept.enumerated() where index % 4 == part {
                    exchange.respond(HTTPResponse(status: 200, body: Array(exchange.request.rawPath.utf8)))
                }
            }
        }
        for thread in threads { thread.join() }
        for (index, client) in clients.enumerated() { #expect(client.response()?.body == "/later/\(index)") }
        #expect(eventually { server.server.statistics.activeExchanges == 0 })
    }

    /// So many events at once fill the library's array to the brim, after which it waits for more before it looks at any:
    /// see `EventBatch.swift`.
    @Test
    func `128 requests at the same moment are all answered`() throws {
        let begun = Mailbox<Void>()
        let release = Mailbox<Void>()
        var configuration = HTTPServerConfiguration()
        configuration.threads = 1
        configuration.maximumConnections = 300
        let server = HTTPServer(configuration, logger: Logger(role: "test")) { exchange in
            if exchange.request.rawPath == "/busy" {
                _ = begun.offer(())
                _ = release.take(upTo: 1, timeoutMilliseconds: 30_000)
            }
            exchange.respond(HTTPResponse(status: 200))
        }
        try server.start()
        defer { server.shutdown(deadlineSeconds: 5) }
        let clients = (0..<129).map { _ in RawClient(port: server.port) }
        // Each is accepted and known before it counts.
        for client in clients {
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(client.response()?.status == 200)
        }
        clients[0].send("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(begun.take(upTo: 1, timeoutMilliseconds: 30_000).count == 1)
        for client in clients.dropFirst() { client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }
        _ = release.offer(())
        let answered = clients.count { $0.response()?.status == 200 }
        #expect(answered == clients.count)
    }

    /// The handler gives the exchange to another thread, which answers while the handler is on its way back:
    ///
    ///     library   handler ── offer ── return ── suspend
    ///     answerer               └─ respond, before, during or after the suspension
    @Test
    func `An answer may race with the suspension`() throws {
        let mailbox = Mailbox<HTTPExchange>()
        let server = HTTPServer(HTTPServerConfiguration(), logger: Logger(role: "test")) { exchange in
            _ = mailbox.offer(exchange)
        }
        try server.start()
        let answerers = (0..<2).map { _ in
            NamedThread("answerer") {
                while true {
                    let exchanges = mailbox.take(timeoutMilliseconds: -1)
                    if exchanges.isEmpty { return }
                    for exchange in exchanges { exchange.respond(HTTPResponse(status: 200)) }
                }
            }
        }
        let answered = Atomic<Int>(0)
        let port = server.port
        let clients = (0..<4).map { _ in
            NamedThread("client") {
                let client = RawClient(port: port)
                for _ in 0..<500 {
                    client.send("GET /race HTTP/1.1\r\nHost: x\r\n\r\n")
                    if client.response()?.status == 200 { answered.wrappingAdd(1, ordering: .relaxed) }
                }
            }
        }
        for client in clients { client.join() }
        #expect(answered.load(ordering: .relaxed) == 2000)
        mailbox.close()
        for answerer in answerers { answerer.join() }
        server.shutdown(deadlineSeconds: 5)
        #expect(server.statistics.activeExchanges == 0)
    }

    @Test
    func `The first answer counts`() throws {
        let server = HTTPServer(HTTPServerConfiguration(), logger: Logger(role: "test")) { exchange in
            exchange.respond(HTTPResponse(status: 201))
            exchange.respond(HTTPResponse(status: 202))
        }
        try server.start()
        defer { server.shutdown(deadlineSeconds: 5) }
        let client = RawClient(port: server.port)
        for _ in 0..<2 {
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(client.response()?.status == 201)
        }
    }

    @Test
    func `Answering a suspended exchange twice is harmless, also after it is complete`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(eventually { server.server.statistics.suspendedExchanges == 1 })
        let kept = server.takeKept()
        let threads = (201...204).map { status in
            NamedThread("answer") { for exchange in kept { exchange.respond(HTTPResponse(status: status)) } }
        }
        for thread in threads { thread.join() }
        let status = client.response()?.status
        #expect((201...204).contains(status ?? 0))
        #expect(eventually { server.server.statistics.activeExchanges == 0 })
        for exchange in kept { exchange.respond(HTTPResponse(status: 500)) }
        client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.response()?.body == "GET /next? 0")
    }

    @Test(arguments: [false, true])
    func `A client that goes away while it is suspended does no harm`(withReset: Bool) throws {
        let server = try TestServer()
        defer { server.stop() }
        do {
            let client = server.client()
            client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(eventually { server.server.statistics.suspendedExchanges == 1 })
            if withReset { client.abort() }
        }
        for exchange in server.takeKept() {
            exchange.respond(HTTPResponse(status: 200, body: [UInt8](repeating: 0, count: 1 << 20)))
        }
        #expect(eventually { server.server.statistics.connections == 0 })
        #expect(server.server.statistics.activeExchanges == 0)
        let other = server.client()
        other.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(other.response()?.status == 200)
    }

    @Test
    func `A client that has finished sending still gets its answer`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        client.finishSending()
        #expect(eventually { server.server.statistics.suspendedExchanges == 1 })
        for exchange in server.takeKept() { exchange.respond(HTTPResponse(status: 200, body: Array("late".utf8))) }
        #expect(client.response()?.body == "late")
    }

    @Test
    func `A client that goes away in its upload leaves nothing behind`() throws {
        let server = try TestServer()
        defer { server.stop() }
        do {
            let client = server.client()
            client.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            #expect(eventually { server.server.statistics.bufferedBodyBytes == 3 })
        }
        #expect(eventually { server.server.statistics.connections == 0 })
        #expect(server.server.statistics.bufferedBodyBytes == 0)
        #expect(server.paths == [])
    }

    @Test
    func `An exchange that nobody answers gets 500`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("GET /forgotten HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.response()?.status == 500)
        client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(eventually { server.server.statistics.suspendedExchanges == 1 })
        _ = server.takeKept()
        #expect(client.response()?.headers["x-amzn-errortype"] == "InternalServerException")
    }
}
