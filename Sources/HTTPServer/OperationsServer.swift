// SPDX-License-Identifier: Apache-2.0
public import Observability
import Threading

/// Health and metrics of a role, for its orchestrator and for Prometheus:
///
/// - `/healthz`: 200 for as long as the process can answer; asks nobody.
/// - `/readyz`: 200 when all checks are ready, 503 otherwise, with the checks as JSON.
/// - `/metrics`: Prometheus text 0.0.4.
///
/// Readiness and metrics run on a thread of their own, so that a check that hangs does not take `/healthz` with it.
/// Thread-safe.
public final class OperationsServer: Sendable {
    private let server: HTTPServer
    private let questions: Mailbox<HTTPExchange>
    private let worker: NamedThread

    /// - Parameters:
    ///   - address: numeric.
    ///   - port: 0 lets the system choose; see `port`.
    ///   - readiness: called for each `/readyz`, on one thread; should answer from what it knows.
    public init(
        address: String, port: Int, logger: Logger, metrics: MetricsRegistry,
        readiness: @escaping @Sendable () -> [(name: String, ready: Bool, detail: String)]
    ) {
        var configuration = HTTPServerConfiguration(address: address, port: port)
        configuration.threads = 1
        configuration.maximumBody = 1024
        configuration.maximumConnections = 64
        configuration.perAddressConnections = 0
        let questions = Mailbox<HTTPExchange>(capacity: 32)
        self.questions = questions
        server = HTTPServer(configuration, logger: logger) { exchange in
            Self.route(exchange, questions)
        }
        worker = NamedThread("operations") {
            while true {
                let exchanges = questions.take(timeoutMilliseconds: -1)
                if exchanges.isEmpty { return }
                for exchange in exchanges { Self.answer(exchange, metrics, readiness) }
            }
        }
    }

    public func start() throws(HTTPServerError) { try server.start() }

    /// The port that the server listens on; 0 unless it runs.
    public var port: Int { server.port }

    /// Answers what was asked and stops. Idempotent; waits for a check that is running.
    public func stop() {
        server.shutdown(deadlineSeconds: 1)
        questions.close()
        worker.join()
    }

    deinit { questions.close() }

    private static func route(_ exchange: HTTPExchange, _ questions: Mailbox<HTTPExchange>) {
        guard ["GET", "HEAD"].contains(exchange.request.method) else {
            exchange.respond(Refusal.methodNotAllowed.response)
            return
        }
        switch exchange.request.rawPath {
        case "/healthz": exchange.respond(.text(200, "ok\n"))
        case "/readyz", "/metrics":
            if !questions.offer(exchange) { exchange.respond(Refusal.overloaded.response) }
        default: exchange.respond(.text(404, "not found\n"))
        }
    }

    private static func answer(
        _ exchange: HTTPExchange, _ metrics: MetricsRegistry,
        _ readiness: () -> [(name: String, ready: Bool, detail: String)]
    ) {
        if exchange.request.rawPath == "/metrics" {
            exchange.respond(.text(200, metrics.render(), contentType: "text/plain; version=0.0.4; charset=utf-8"))
            return
        }
        let checks = readiness()
        let ready = checks.allSatisfy(\.ready)
        var body = Array("{\"ready\":\(ready),\"checks\":[".utf8)
        for (index, check) in checks.enumerated() {
            body.append(contentsOf: (index == 0 ? "{\"name\":" : ",{\"name\":").utf8)
            JSONText.append(check.name, to: &body)
            body.append(contentsOf: ",\"ready\":\(check.ready),\"detail\":".utf8)
            JSONText.append(check.detail, to: &body)
            body.append(UInt8(ascii: "}"))
        }
        body.append(contentsOf: "]}\n".utf8)
        exchange.respond(.json(ready ? 200 : 503, body))
    }
}
