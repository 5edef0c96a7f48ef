// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTPServer
import Observability
import Synchronization

/// A server that remembers what was dispatched. Answers at once unless the path begins with `/later`; these exchanges
/// wait in `kept`.
final class TestServer: Sendable {
    let server: HTTPServer
    private let seen: Seen

    final class Seen: Sendable {
        let requests = Mutex<[HTTPRequest]>([])
        let kept = Mutex<[HTTPExchange]>([])
    }

    init(_ configure: (inout HTTPServerConfiguration) -> Void = { _ in }) throws {
        var configuration = HTTPServerConfiguration()
        configure(&configuration)
        let seen = Seen()
        self.seen = seen
        server = HTTPServer(configuration, logger: Logger(role: "test", level: .error)) { exchange in
            let request = exchange.request
            seen.requests.withLock { $0.append(request) }
            if request.rawPath.hasPrefix("/later") {
                seen.kept.withLock { $0.append(exchange) }
            } else if request.rawPath != "/forgotten" {
                let text = "\(request.method) \(request.rawPath)?\(request.rawQuery) \(request.body.count)"
                exchange.respond(HTTPResponse(status: 200, body: Array(text.utf8)))
            }
        }
        try server.start()
    }

    var requests: [HTTPRequest] { seen.requests.withLock { $0 } }
    var paths: [String] { requests.map(\.rawPath) }

    /// Hands over the exchanges that wait.
    func takeKept() -> [HTTPExchange] {
        seen.kept.withLock { kept in
            defer { kept = [] }
            return kept
        }
    }

    func client() -> RawClient { RawClient(port: server.port) }

    func stop() { server.shutdown(deadlineSeconds: 5) }
}

/// Waits until the condition holds; false when it does not within 20 seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<20_000 {
        if condition() { return true }
        usleep(1000)
    }
    return condition()
}
