// SPDX-License-Identifier: Apache-2.0
import HTTPServer
import Observability
import Synchronization
import Testing
import Threading

@Suite(.serialized)
struct OperationsServerTests {
    private func get(_ port: Int, _ path: String, method: String = "GET") -> RawClient.Response? {
        let client = RawClient(port: port)
        client.send("\(method) \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        return client.response(hasBody: method != "HEAD")
    }

    @Test
    func `It tells health, readiness and metrics`() throws {
        let isReady = Atomic<Bool>(false)
        let metrics = MetricsRegistry()
        metrics.counter("test_total", help: "A test.").increment(by: 3)
        let server = OperationsServer(
            address: "127.0.0.1", port: 0, logger: Logger(role: "test"), metrics: metrics
        ) {
            [("kafka", true, "ok"), ("database", isReady.load(ordering: .relaxed), "say \"hello\"")]
        }
        try server.start()
        defer { server.stop() }
        #expect(get(server.port, "/healthz")?.status == 200)
        let before = get(server.port, "/readyz")
        #expect(before?.status == 503)
        let checks =
            #""checks":[{"name":"kafka","ready":true,"detail":"ok"},"#
            + #"{"name":"database","ready":false,"detail":"say \"hello\""}]"#
        #expect(before?.body == #"{"ready":false,\#(checks)}"# + "\n")
        isReady.store(true, ordering: .relaxed)
        #expect(get(server.port, "/readyz")?.status == 200)
        let page = get(server.port, "/metrics")
        #expect(page?.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        #expect(page?.body.contains("\ntest_total 3\n") == true)
        #expect(get(server.port, "/metrics", method: "HEAD")?.status == 200)
        #expect(get(server.port, "/other")?.status == 404)
        #expect(get(server.port, "/metrics", method: "DELETE")?.status == 405)
    }

    @Test
    func `A check that hangs does not take the health check with it`() throws {
        let gate = Mailbox<Void>()
        let server = OperationsServer(
            address: "127.0.0.1", port: 0, logger: Logger(role: "test"), metrics: MetricsRegistry()
        ) {
            _ = gate.take(timeoutMilliseconds: -1)
            return []
        }
        try server.start()
        let hanging = (0..<40).map { _ in
            let client = RawClient(port: server.port)
            client.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            return client
        }
        #expect(get(server.port, "/healthz")?.status == 200)
        gate.close()
        // Those that found the queue full were turned away at once.
        for client in hanging { #expect([200, 503].contains(client.response()?.status)) }
        server.stop()
        server.stop()
    }
}
