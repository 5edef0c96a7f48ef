// SPDX-License-Identifier: Apache-2.0
import FaultServer
import Synchronization

/// An S3 server that a worker reads from and writes to, and that does as a test tells it. The objects of a prefix are
/// those that were put under it; uploads are accepted and forgotten.
final class FaultyBuckets: Sendable {
    typealias Handler = FaultServer.Handler

    private struct State {
        var objects: [String: Handler] = [:]
        var aborts: Handler = { _, connection in connection.respond(204) }
    }

    /// What objects are listed with; their handlers may serve something else.
    static let size = 200_000

    private final class Core: Sendable {
        let state = Mutex(State())
    }

    private let core = Core()
    let server: FaultServer

    init() {
        let core = core
        server = FaultServer { request, connection in Self.serve(request, connection, core) }
    }

    /// An object of the source, and what happens when it is read.
    func put(_ key: String, _ handler: @escaping Handler) { core.state.withLock { $0.objects[key] = handler } }

    /// An object that is read without trouble.
    func put(_ key: String, text: String) { put(key) { _, connection in connection.respond(200, text: text) } }

    /// What happens when an upload is aborted.
    func onAbort(_ handler: @escaping Handler) { core.state.withLock { $0.aborts = handler } }

    func count(_ method: String, where condition: (FaultRequest) -> Bool = { _ in true }) -> Int {
        server.requests.count { $0.method == method && condition($0) }
    }

    private static func serve(_ request: FaultRequest, _ connection: FaultConnection, _ core: Core) {
        let path = request.path.split(separator: "/", maxSplits: 1).map(String.init)
        let key = path.count > 1 ? path[1] : ""
        switch request.method {
        case "GET" where key.isEmpty:
            connection.respond(200, text: listing(request, core.state.withLock { Array($0.objects.keys) }))
        case "GET":
            if let handler = core.state.withLock({ $0.objects[key] }) {
                handler(request, connection)
            } else {
                connection.respond(404, text: "<Error><Code>NoSuchKey</Code></Error>")
            }
        case "POST" where request.target.contains("uploads"):
            connection.respond(
                200, text: "<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>")
        case "POST":
            connection.respond(
                200, text: "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")
        case "PUT":
            connection.respond(200, [("ETag", "\"part\"")])
        case "DELETE":
            core.state.withLock { $0.aborts }(request, connection)
        default:
            connection.respond(405)
        }
    }

    private static func listing(_ request: FaultRequest, _ keys: [String]) -> String {
        let query = request.target.split(separator: "?").last ?? ""
        let prefix = query.split(separator: "&").first { $0.hasPrefix("prefix=") }.map { String($0.dropFirst(7)) } ?? ""
        let contents = keys.sorted().filter { $0.hasPrefix(prefix) }.map {
            "<Contents><Key>\($0)</Key><Size>\(size)</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                + "<ETag></ETag></Contents>"
        }
        return "<ListBucketResult>\(contents.joined())<IsTruncated>false</IsTruncated></ListBucketResult>"
    }
}
