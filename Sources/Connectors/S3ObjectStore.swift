// SPDX-License-Identifier: Apache-2.0
import Cryptography
import HTTPClient
public import Observability

/// Objects in Amazon S3, or at any other server that speaks its API. Used by one thread at a time; keeps its connection
/// alive between calls.
///
/// Requests are repeated with growing random waits after 500, 503, 429, time-outs and broken connections; a read goes on
/// where it was interrupted, as long as the object is still the same.
public final class S3ObjectStore: ObjectStore {
    public var isCancelled: @Sendable () -> Bool {
        get { client.isCancelled }
        set { client.isCancelled = newValue }
    }

    public var ambiguousFailures: Int? { client.failures }

    let client: S3Client

    public init(settings: S3Settings, logger: Logger? = nil) throws(ObjectStoreError) {
        client = try S3Client(settings: settings, logger: logger)
    }

    public func list(bucket: String, prefix: String, continuation: String?) throws(ObjectStoreError) -> ObjectPage {
        var request = S3Client.Request(method: "GET", bucket: bucket)
        request.query = [("list-type", "2"), ("max-keys", "1000"), ("encoding-type", "url"), ("prefix", prefix)]
        if let continuation { request.query.append(("continuation-token", continuation)) }
        let document = try document(request, root: "ListBucketResult")
        // A server that does not know the parameter does not say so either.
        let isEncoded = document.text("EncodingType") == "url"
        var objects: [ObjectSummary] = []
        for item in document.children where item.name == "Contents" {
            guard let text = item.text("Key"), let key = isEncoded ? decoded(text) : text,
                let size = item.text("Size").flatMap({ Int64($0) }), size >= 0,
                let modified = item.text("LastModified").flatMap(S3Time.parseISO)
            else { throw badResponse(request, "an object of the listing has no key, size or time") }
            objects.append(
                ObjectSummary(
                    key: key, size: size, etag: Self.quoted(item.text("ETag") ?? ""), lastModifiedMicroseconds: modified
                ))
        }
        guard document.text("IsTruncated") == "true" else { return ObjectPage(objects: objects, next: nil) }
        guard let next = document.text("NextContinuationToken"), !next.isEmpty, next != continuation else {
            throw badResponse(request, "the listing is cut off without saying where it goes on")
        }
        return ObjectPage(objects: objects, next: next)
    }

    public func exists(bucket: String, key: String) throws(ObjectStoreError) -> Bool {
        do {
            _ = try client.send(S3Client.Request(method: "HEAD", bucket: bucket, key: key))
            return true
        } catch {
            // The answer to HEAD has no body: a missing bucket looks like a missing object.
            if error.code == .noSuchKey { return false }
            throw error
        }
    }

    func document(_ request: S3Client.Request, root: String) throws(ObjectStoreError) -> XMLElement {
        let subject = request.subject
        let (_, document) = try client.send(request) { document in
            // rclone leaves the end of some names out.
            if let name = document?.name, name == root || "\(name)Result" == root { return nil }
            return Self.hiddenFailure(document, subject: subject)
        }
        guard let document else { throw badResponse(request, "the answer is empty") }
        return document
    }

    /// What is wrong with a 200 whose document is not the one awaited.
    static func hiddenFailure(_ document: XMLElement?, subject: String) -> S3Failure {
        if let document, document.name == "Error" {
            return S3Failure(
                status: 200, code: document.text("Code") ?? "", message: document.text("Message") ?? "", region: nil,
                subject: subject)
        }
        let error = ObjectStoreError(.badResponse, "\(subject): the answer is not the document it should be.")
        return S3Failure(error: error, isRetriable: true)
    }

    func badResponse(_ request: S3Client.Request, _ reason: String) -> ObjectStoreError {
        ObjectStoreError(.badResponse, "\(request.subject): \(reason).")
    }

    /// An ETag as headers have it; rclone lists them without quotes.
    static func quoted(_ etag: String) -> String {
        etag.isEmpty || etag.hasSuffix("\"") ? etag : "\"\(etag)\""
    }

    func decoded(_ text: String) -> String? {
        PercentEncoding.decode(text, plusIsSpace: true).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
