// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Glibc
import HTTPClient
import Observability
import Threading

/// Sends signed requests to S3 and repeats those that may succeed the next time. Used by one thread at a time.
final class S3Client {
    var isCancelled: @Sendable () -> Bool = { false }
    /// Requests that failed, each attempt counted, and those that libcurl may have sent twice.
    private(set) var failures = 0

    let settings: S3Settings
    private let client: HTTPClient
    private let signer: SigV4Signer?
    private let logger: Logger?
    /// What to add to our clock to get the server's, in seconds; found out when it complains.
    private var clockOffset = 0

    /// Of answers that are documents: a page of a thousand keys of a kilobyte, every byte percent-encoded, fits.
    private static let maximumDocument = 8 << 20

    init(settings: S3Settings, logger: Logger?) throws(ObjectStoreError) {
        self.settings = settings
        self.logger = logger
        signer = settings.credentials.map { SigV4Signer(credentials: $0, region: settings.region, service: "s3") }
        var configuration = HTTPClientConfiguration()
        configuration.connectMilliseconds = settings.timing.connectMilliseconds
        configuration.stallSeconds = settings.timing.stallSeconds
        configuration.allowsLinkLocal = settings.allowsLinkLocal
        configuration.certificateFile = settings.certificateFile
        do { client = try HTTPClient(configuration) } catch {
            throw ObjectStoreError(.serverError, error.message)
        }
    }

    /// A request to a bucket or an object.
    struct Request {
        var method: String
        var bucket: String
        var key: String?
        /// Not yet encoded; a parameter without value has an empty one.
        var query: [(name: String, value: String)] = []
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        var stallSeconds: Int?

        var subject: String { "s3://\(bucket)" + (key.map { "/\($0)" } ?? "") }
    }

    /// Sends a request until it succeeds, is refused for good, or the attempts are used up.
    /// - Parameter check: looks for a failure in the document of a success, as S3 may answer 200 too early.
    func send(
        _ request: Request, check: (XMLElement?) -> S3Failure? = { _ in nil }
    ) throws(ObjectStoreError) -> (response: HTTPClientResponse, document: XMLElement?) {
        var backoff = Backoff(settings.timing)
        while true {
            let failure: S3Failure
            do {
                let (response, body) = try client.perform(
                    try signed(request), maximumBody: Self.maximumDocument, isCancelled: isCancelled)
                if response.openedConnection { failures += 1 }
                if (200...299).contains(response.status) {
                    let document = body.isEmpty ? nil : XMLElement.parse(body)
                    guard let hidden = check(document) else { return (response, document) }
                    failure = hidden
                } else {
                    failure = S3Failure(response, body: body, subject: request.subject)
                    adjustClock(failure, response)
                }
            } catch let error as ObjectStoreError {
                throw error
            } catch let error as HTTPClientError {
                failure = S3Failure(error, subject: request.subject)
            } catch {
                throw ObjectStoreError(.serverError, "\(request.subject): the request failed.")
            }
            try pause(after: failure, request, &backoff)
        }
    }

    /// Sends a request once, with the body of a successful answer going to `sink`.
    /// - Returns: the failure to judge; nil after success.
    /// - Throws: what the closures throw.
    func stream(
        _ request: Request, onSuccess: (HTTPClientResponse) throws -> Void,
        into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> (failure: S3Failure?, response: HTTPClientResponse?) {
        var errorBody: [UInt8] = []
        var head: HTTPClientResponse?
        do {
            let response = try client.perform(
                try signed(request), isCancelled: isCancelled,
                onHead: { response in
                    head = response
                    if (200...299).contains(response.status) { try onSuccess(response) }
                },
                body: { bytes in
                    if let head, (200...299).contains(head.status) {
                        try sink(bytes)
                    } else if errorBody.count < 65536 {
                        errorBody.append(contentsOf: bytes)
                    }
                })
            if (200...299).contains(response.status) { return (nil, response) }
            let failure = S3Failure(response, body: errorBody, subject: request.subject)
            adjustClock(failure, response)
            return (failure, response)
        } catch let error as HTTPClientError {
            if let underlying = error.underlying { throw underlying }
            return (S3Failure(error, subject: request.subject), head)
        }
    }

    /// Waits before the next attempt; throws if there is none.
    func pause(after failure: S3Failure, _ request: Request, _ backoff: inout Backoff) throws(ObjectStoreError) {
        failures += 1
        guard failure.isRetriable, let wait = backoff.next(atLeast: failure.retryAfterMilliseconds) else {
            throw failure.error
        }
        logger?.info(
            "S3 request failed, retrying",
            [
                .bucket: request.bucket, .operation: request.method, .reason: failure.error.description,
                .milliseconds: String(wait),
            ])
        let end = MonotonicClock.milliseconds + wait
        while true {
            if isCancelled() { throw .cancelled }
            let left = end - MonotonicClock.milliseconds
            if left <= 0 { return }
            usleep(UInt32(min(left, 50)) * 1000)
        }
    }

    private func signed(_ request: Request) throws(ObjectStoreError) -> HTTPClientRequest {
        if isCancelled() { throw .cancelled }
        let address = try S3Address(settings: settings, bucket: request.bucket, key: request.key)
        let query = request.query.map { parameter in
            "\(PercentEncoding.encode(parameter.name))=\(PercentEncoding.encode(parameter.value))"
        }.joined(separator: "&")
        var headers = [("host", address.host)] + request.headers
        if let signer {
            let hash = request.body.isEmpty ? SigV4Signer.emptyPayloadHash : Hex.encode(SHA256.hash(request.body))
            headers += signer.sign(
                method: request.method, rawPath: address.rawPath, rawQuery: query, headers: headers, payloadHash: hash,
                epochSeconds: time(nil) + clockOffset)
        }
        return HTTPClientRequest(
            method: request.method, url: address.url(query: query), headers: headers, body: request.body,
            stallSeconds: request.stallSeconds)
    }

    private func adjustClock(_ failure: S3Failure, _ response: HTTPClientResponse) {
        guard failure.isSkewed, let now = response.header("date").flatMap(S3Time.parseHTTP) else { return }
        clockOffset = now - time(nil)
    }
}

/// Random waits that grow: "full jitter", so that many clients do not come back at once.
struct Backoff {
    private let timing: S3Timing
    private var attempt = 1

    init(_ timing: S3Timing) { self.timing = timing }

    /// Begins to count anew, after progress.
    mutating func reset() { attempt = 1 }

    /// The next wait in milliseconds; nil when the attempts are used up.
    mutating func next(atLeast minimum: Int?) -> Int? {
        guard attempt < timing.attempts else { return nil }
        let ceiling = min(timing.maximumBackoffMilliseconds, timing.firstBackoffMilliseconds << min(attempt - 1, 16))
        attempt += 1
        return max(Int.random(in: 0...max(ceiling, 0)), min(minimum ?? 0, timing.maximumBackoffMilliseconds))
    }
}
