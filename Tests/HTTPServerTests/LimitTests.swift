// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite(.serialized)
struct LimitTests {
    @Test
    func `Headers beyond the memory of a connection get 431`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 64 << 10))\r\n\r\n")
        #expect(client.readToEnd()?.hasPrefix("HTTP/1.1 431 ") == true)
        #expect(server.paths == [])
    }

    @Test
    func `Very many headers get 431`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "a:b\r\n", count: 8000) + "\r\n")
        #expect(client.readToEnd()?.hasPrefix("HTTP/1.1 431 ") == true)
        #expect(server.paths == [])
    }

    @Test
    func `A long target gets 414`() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client()
        client.send("GET /\(String(repeating: "a", count: 64 << 10)) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.readToEnd()?.hasPrefix("HTTP/1.1 414 ") == true)
        #expect(server.paths == [])
    }

    @Test
    func `A body that is announced as too large gets 413 at once`() throws {
        let server = try TestServer { $0.maximumBody = 100 }
        defer { server.stop() }
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n")
        let response = client.response()
        #expect(response?.status == 413)
        #expect(response?.headers["x-amzn-errortype"] == "RequestEntityTooLargeException")
        #expect(response?.headers["connection"] == "close")
        #expect(response?.body == #"{"message":"The body exceeds 100 bytes."}"#)
        #expect(server.paths == [])
    }

    @Test
    func `A client in the midst of a large upload can still read the 413`() throws {
        let server = try TestServer { $0.maximumBody = 100 }
        defer { server.stop() }
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(8 << 20)\r\n\r\n")
        #expect(client.send([UInt8](repeating: 0, count: 8 << 20)))
        #expect(client.response()?.status == 413)
        #expect(client.readToEnd() != nil)
        #expect(server.paths == [])
    }

    @Test
    func `A client that expects 100 gets 413 instead`() throws {
        let server = try TestServer { $0.maximumBody = 100 }
        defer { server.stop() }
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n")
        #expect(client.readToEnd()?.hasPrefix("HTTP/1.1 413 ") == true)
        #expect(server.paths == [])
    }

    @Test
    func `A chunked body gets 413 when it grows too large`() throws {
        let server = try TestServer { $0.maximumBody = 100 }
        defer { server.stop() }
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<11 { client.send("A\r\n0123456789\r\n") }
        let response = client.response()
        #expect(response?.status == 413)
        #expect(response?.headers["connection"] == "close")
        client.send("0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.readToEnd() != nil)
        #expect(server.paths == [])
    }

    @Test
    func `A body of just the maximum is taken`() throws {
        let server = try TestServer { $0.maximumBody = 100 }
        defer { server.stop() }
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + String(repeating: "a", count: 100))
        #expect(client.response()?.body == "POST /? 100")
    }

    @Test
    func `All bodies together are bounded, and room is given back`() throws {
        let server = try TestServer { $0.maximumBufferedBodies = 150 }
        defer { server.stop() }
        let body = String(repeating: "a", count: 100)
        let first = server.client()
        first.send("POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n" + body)
        #expect(eventually { server.server.statistics.bufferedBodyBytes == 100 })
        let second = server.client()
        second.send("POST /second HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + body)
        #expect(second.response()?.status == 503)
        first.send("a")
        #expect(first.response()?.body == "POST /first? 101")
        #expect(eventually { server.server.statistics.bufferedBodyBytes == 0 })
        let third = server.client()
        third.send("POST /third HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + body)
        #expect(third.response()?.body == "POST /third? 100")
    }

    @Test
    func `Connections from one address are bounded`() throws {
        let server = try TestServer { $0.perAddressConnections = 2 }
        defer { server.stop() }
        let kept = [server.client(), server.client()]
        for client in kept {
            client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(client.response()?.status == 200)
        }
        let surplus = server.client()
        surplus.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(surplus.readToEnd() == "")
        #expect(server.paths == ["/a", "/a"])
    }
}
