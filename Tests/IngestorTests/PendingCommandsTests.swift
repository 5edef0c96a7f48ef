// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import Glibc
import HTTPServer
import Observability
import Testing
import Threading

@testable import Ingestor

@Suite(.serialized) struct PendingCommandsTests {
    /// Exchanges come from a server only: this one has a client that waits.
    private func withExchange(_ body: (HTTPExchange) throws -> Void) throws {
        let arrived = Mailbox<HTTPExchange>()
        let server = HTTPServer(
            HTTPServerConfiguration(address: "127.0.0.1", port: 0), logger: Logger(role: "test", level: .error)
        ) { _ = arrived.offer($0) }
        try server.start()
        defer { server.shutdown(deadlineSeconds: 5) }
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(server.port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let request = "POST /start-flow HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        #expect(request.withCString { send(client, $0, strlen($0), 0) } == request.utf8.count)
        let exchange = try #require(arrived.take(timeoutMilliseconds: 20_000).first)
        try body(exchange)
        exchange.respond(HTTPResponse.json(status: 200, []))
    }

    private func pending(_ id: String, _ exchange: HTTPExchange, since: Int = 0, deadline: Int = 100) -> PendingCommand
    {
        PendingCommand(
            command: Command(
                id: id, operation: "StartFlow", account: "1", region: "r", principal: "p", flowName: "f", token: nil,
                digest: "", replyTo: nil, expiresAt: 0, input: [:]), exchange: exchange, since: since,
            deadline: deadline)
    }

    @Test func eachIsTakenOutOnce() throws {
        try withExchange { exchange in
            let table = PendingCommands(limit: 10)
            #expect(table.add(pending("a", exchange)))
            #expect(table.count == 1)
            #expect(table.remove("a")?.command.id == "a")
            #expect(table.remove("a") == nil)
            #expect(table.remove("b") == nil)
            #expect(table.count == 0)
        }
    }

    @Test func thereIsALimit() throws {
        try withExchange { exchange in
            let table = PendingCommands(limit: 2)
            #expect(table.add(pending("a", exchange)) && table.add(pending("b", exchange)))
            #expect(!table.add(pending("c", exchange)))
            _ = table.remove("a")
            #expect(table.add(pending("c", exchange)))
            #expect(table.contains("b") && table.contains("c") && !table.contains("a"))
        }
    }

    @Test func deadlinesAndDelaysAreKnown() throws {
        try withExchange { exchange in
            let table = PendingCommands(limit: 10)
            for (id, since, deadline) in [("a", 0, 100), ("b", 30, 100), ("c", 10, 200)] {
                #expect(table.add(pending(id, exchange, since: since, deadline: deadline)))
            }
            #expect(table.takeOverdue(now: 25, olderThanMilliseconds: 20, limit: 9).map { $0.command.id } == ["a"])
            // Looked for within the last second: "a" is left alone.
            let next = table.takeOverdue(now: 90, olderThanMilliseconds: 20, limit: 9)
            #expect(Set(next.map { $0.command.id }) == ["b", "c"])
            #expect(table.takeOverdue(now: 1_030, olderThanMilliseconds: 20, limit: 9).map { $0.command.id } == ["a"])
            #expect(table.removeExpired(now: 99).isEmpty)
            #expect(Set(table.removeExpired(now: 100).map { $0.command.id }) == ["a", "b"])
            #expect(table.count == 1)
        }
    }

    @Test func oneOfManyAnswerers() throws {
        try withExchange { exchange in
            let table = PendingCommands(limit: 1_000)
            for number in 0..<500 { #expect(table.add(pending("\(number)", exchange))) }
            let taken = Mailbox<String>()
            let threads = (0..<4).map { index in
                NamedThread("answer-\(index)") {
                    for number in 0..<500 {
                        if let found = table.remove("\(number)") { _ = taken.offer(found.command.id) }
                    }
                }
            }
            for thread in threads { thread.join() }
            let all = taken.take(timeoutMilliseconds: 0)
            #expect(all.count == 500 && Set(all).count == 500)
        }
    }
}
