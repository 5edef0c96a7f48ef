// SPDX-License-Identifier: Apache-2.0
import Cryptography
import FaultServer
import Synchronization
import Testing

@testable import Connectors

/// How the S3 store bears what goes wrong, against a server that makes it go wrong.
@Suite(.serialized) struct S3ObjectStoreTests {
    private func store(_ server: FaultServer, attempts: Int = 3, stallSeconds: Int = 30) throws -> S3ObjectStore {
        var settings = S3Settings()
        settings.endpoint = server.url
        settings.credentials = SigV4Credentials(accessKey: "AKID", secretKey: "secret")
        settings.timing.attempts = attempts
        settings.timing.firstBackoffMilliseconds = 1
        settings.timing.maximumBackoffMilliseconds = 5
        settings.timing.stallSeconds = stallSeconds
        settings.timing.completionStallSeconds = stallSeconds
        return try S3ObjectStore(settings: settings)
    }

    private static func error(_ code: String) -> String {
        "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>words of \(code)</Message></Error>"
    }

    private static let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 29 &+ $0 >> 8) }

    /// Serves `content` with ranges, and breaks the first answers off after `limit` bytes.
    private static func breakingServer(
        breaks: Int, after limit: Int, etag: @escaping @Sendable (Int) -> String = { _ in "\"e\"" },
        _ end: @escaping @Sendable (FaultConnection) -> Void
    ) -> FaultServer {
        FaultServer { request, connection in
            let range = request.header("range").flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
            let tag = etag(request.number)
            if let wanted = request.header("if-match"), wanted != tag {
                connection.respond(412, text: Self.error("PreconditionFailed"))
                return
            }
            let body = Array(content[range...])
            var headers = [("ETag", tag), ("Content-Length", String(body.count))]
            if range > 0 { headers.append(("Content-Range", "bytes \(range)-\(content.count - 1)/\(content.count)")) }
            connection.send(connection.head(range > 0 ? 206 : 200, headers))
            if request.number <= breaks {
                connection.send(Array(body.prefix(limit)))
                end(connection)
            } else {
                connection.send(body)
            }
        }
    }

    @Test func `a read goes on where the connection broke`() throws {
        for resets in [false, true] {
            let server = Self.breakingServer(breaks: 2, after: 100_000) { resets ? $0.reset() : $0.close() }
            #expect(try store(server).bytes("bucket", "k") == Self.content)
            let ranges = server.requests.map { $0.header("range") }
            #expect(ranges == [nil, "bytes=100000-", "bytes=200000-"])
            // The object that is read on must be the one that was begun.
            #expect(server.requests.map { $0.header("if-match") } == [nil, "\"e\"", "\"e\""])
        }
    }

    @Test func `progress buys new attempts, trickles do not`() throws {
        let steady = Self.breakingServer(breaks: 4, after: 70_000) { $0.close() }
        #expect(try store(steady, attempts: 2).bytes("bucket", "k") == Self.content)
        let trickle = Self.breakingServer(breaks: .max, after: 100) { $0.close() }
        #expect(try code { _ = try store(trickle, attempts: 4).bytes("bucket", "k") } == .unreachable)
        #expect(trickle.requests.count == 4)
    }

    @Test func `a read that stalls is resumed`() throws {
        let server = Self.breakingServer(breaks: 1, after: 150_000) { $0.stallUntilClientLeaves() }
        #expect(try store(server, stallSeconds: 1).bytes("bucket", "k") == Self.content)
        #expect(server.requests.last?.header("range") == "bytes=150000-")
    }

    @Test func `an object that changed meanwhile is not patched together`() throws {
        let server = Self.breakingServer(breaks: 1, after: 1000, etag: { $0 == 1 ? "\"old\"" : "\"new\"" }) {
            $0.close()
        }
        #expect(try code { _ = try store(server).bytes("bucket", "k") } == .preconditionFailed)
    }

    @Test func `a server without ranges is read from the beginning`() throws {
        let server = FaultServer { request, connection in
            connection.send(connection.head(200, [("Content-Length", String(Self.content.count))]))
            connection.send(request.number == 1 ? Array(Self.content.prefix(1000)) : Self.content)
            if request.number == 1 { connection.close() }
        }
        #expect(try store(server).bytes("bucket", "k") == Self.content)
    }

    @Test func `a range that was not asked for is refused`() throws {
        let server = FaultServer { _, connection in
            connection.respond(206, [("Content-Range", "bytes 0-4/10")], text: "01234")
        }
        #expect(try code { _ = try store(server).bytes("bucket", "k", from: 5) } == .badResponse)
    }

    @Test(arguments: [
        (500, "InternalError", ObjectStoreError.Code.serverError), (503, "SlowDown", .throttled), (429, "", .throttled),
        (503, "ServiceUnavailable", .throttled), (502, "", .serverError), (400, "RequestTimeout", .badRequest),
    ])
    func `passing trouble is outlived, lasting trouble reported`(
        status: Int, name: String, expected: ObjectStoreError.Code
    ) throws {
        for failures in [2, 3] {
            let server = FaultServer { request, connection in
                if request.number <= failures {
                    connection.respond(status, text: name.isEmpty ? "" : Self.error(name))
                } else {
                    connection.respond(200, [("ETag", "\"p\"")])
                }
            }
            let store = try store(server)
            let upload = { try store.uploadPart(bucket: "bucket", key: "k", uploadID: "u", number: 1, bytes: [1, 2]) }
            if failures == 2 {
                #expect(try upload() == "\"p\"")
                #expect(server.requests.allSatisfy { $0.body == [1, 2] })
            } else {
                #expect(try code { _ = try upload() } == expected)
            }
            #expect(server.requests.count == 3)
        }
    }

    @Test(arguments: [
        (403, "AccessDenied", ObjectStoreError.Code.accessDenied), (403, "InvalidAccessKeyId", .accessDenied),
        (403, "SignatureDoesNotMatch", .accessDenied), (403, "", .accessDenied), (404, "NoSuchBucket", .noSuchBucket),
        (404, "NoSuchKey", .noSuchKey), (403, "InvalidObjectState", .invalidObjectState), (405, "", .badRequest),
        (501, "NotImplemented", .badRequest),
        (507, "XMinioStorageFull", .outOfSpace), (301, "PermanentRedirect", .wrongRegion), (301, "", .wrongRegion),
    ])
    func `what will not change is not tried again`(
        status: Int, name: String, expected: ObjectStoreError.Code
    ) throws {
        let server = FaultServer { _, connection in
            connection.respond(
                status, [("x-amz-bucket-region", "eu-north-1")], text: name.isEmpty ? "" : Self.error(name))
        }
        let error = #expect(throws: ObjectStoreError.self) { try store(server).bytes("bucket", "k") }
        #expect(error?.code == expected)
        #expect(error?.message.hasPrefix("s3://bucket/k: \(name)") == true)
        if expected == .wrongRegion { #expect(error?.message.contains("eu-north-1") == true) }
        #expect(error?.isRetriable == false)
        #expect(server.requests.count == 1)
    }

    @Test func `a wrong clock is set by the server's`() throws {
        let server = FaultServer { request, connection in
            if request.header("x-amz-date") == "20301231T235959Z" || request.header("x-amz-date") == "20310101T000000Z"
            {
                connection.respond(200, text: "content")
            } else {
                connection.respond(
                    403, [("Date", "Tue, 31 Dec 2030 23:59:59 GMT")], text: Self.error("RequestTimeTooSkewed"))
            }
        }
        #expect(try store(server).text("bucket", "k") == "content")
        #expect(server.requests.count == 2)
    }

    @Test func `an upload completed by an error is not completed`() throws {
        let server = FaultServer { request, connection in
            // Blanks keep the connection alive while S3 works, then comes what it came to.
            connection.respond(
                200,
                text: "   \n"
                    + (request.number == 1
                        ? Self.error("InternalError")
                        : "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"))
        }
        try store(server).completeUpload(bucket: "bucket", key: "k", uploadID: "u", parts: [(1, "\"a\"")])
        #expect(server.requests.count == 2)
        let request = try #require(server.requests.last)
        #expect(request.target == "/bucket/k?uploadId=u")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part>"
                + "<PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part></CompleteMultipartUpload>")

        let refusing = FaultServer { _, connection in connection.respond(200, text: Self.error("InvalidPart")) }
        #expect(
            try code {
                try store(refusing).completeUpload(bucket: "bucket", key: "k", uploadID: "u", parts: [(1, "\"a\"")])
            } == .invalidPart)
        let silent = FaultServer { _, connection in connection.respond(200) }
        #expect(
            try code {
                try store(silent).completeUpload(bucket: "bucket", key: "k", uploadID: "u", parts: [(1, "\"a\"")])
            } == .badResponse)
    }

    @Test func `a completion whose answer was lost is found done`() throws {
        let exists = Mutex(true)
        let server = FaultServer { request, connection in
            switch (request.method, request.number) {
            case ("POST", 1): connection.reset()
            case ("POST", _): connection.respond(404, text: Self.error("NoSuchUpload"))
            default: connection.send(connection.head(exists.withLock { $0 } ? 200 : 404, [("Content-Length", "0")]))
            }
        }
        let store = try store(server)
        try store.completeUpload(bucket: "bucket", key: "k", uploadID: "u", parts: [(1, "\"a\"")])
        #expect(server.requests.map(\.method) == ["POST", "POST", "HEAD"])
        exists.withLock { $0 = false }
        #expect(
            try code { try store.completeUpload(bucket: "bucket", key: "k", uploadID: "u", parts: [(1, "\"a\"")]) }
                == .noSuchUpload)
    }

    @Test func `cancelling ends the waits between attempts`() throws {
        let server = FaultServer { _, connection in connection.respond(503, [("Retry-After", "60")], text: "") }
        var settings = S3Settings()
        settings.endpoint = server.url
        settings.timing.maximumBackoffMilliseconds = 3_600_000
        settings.timing.firstBackoffMilliseconds = 3_600_000
        let store = try S3ObjectStore(settings: settings)
        store.isCancelled = { [server] in !server.requests.isEmpty }
        #expect(try code { _ = try store.bytes("bucket", "k") } == .cancelled)
        #expect(server.requests.count == 1)
    }

    @Test func `listings are asked for and read as S3 writes them`() throws {
        let server = FaultServer { request, connection in
            connection.respond(
                200,
                text: request.number == 1
                    ? """
                    <?xml version="1.0" encoding="UTF-8"?>
                    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>src</Name><Prefix>in/</Prefix>
                    <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
                    <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
                    <Contents><Key>in/a+b%2Bc%2F%C3%BC</Key><LastModified>2024-05-06T07:08:09.123Z</LastModified>
                    <ETag>&quot;9b2c&quot;</ETag><Size>42</Size><StorageClass>STANDARD</StorageClass></Contents>
                    </ListBucketResult>
                    """
                    : """
                    <ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>in/a+b%20</Key>\
                    <LastModified>2024-05-06T07:08:09Z</LastModified><ETag>e</ETag><Size>0</Size></Contents>\
                    </ListBucketResult>
                    """)
        }
        let store = try store(server)
        let first = try store.list(bucket: "src", prefix: "in/ü ", continuation: nil)
        #expect(
            first.objects == [
                ObjectSummary(
                    key: "in/a b+c/ü", size: 42, etag: "\"9b2c\"", lastModifiedMicroseconds: 1_714_979_289_123_000)
            ])
        let second = try store.list(bucket: "src", prefix: "in/ü ", continuation: first.next)
        // A server that does not say that it encodes keys does not.
        #expect(second.objects.map(\.key) == ["in/a+b%20"])
        #expect(second.next == nil)
        let query = "list-type=2&max-keys=1000&encoding-type=url&prefix=in%2F%C3%BC%20"
        #expect(
            server.requests.map(\.target) == [
                "/src?\(query)",
                "/src?\(query)&continuation-token=1ueGcxLPRx1Tr%2FXYExHnhbYLgveDs2J%2Fwm36Hy4vbOwM%3D",
            ])
    }

    @Test(arguments: [
        "", "not xml", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "<Other/>",
        "<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>",
    ])
    func `listings that are none`(text: String) throws {
        let server = FaultServer { _, connection in connection.respond(200, text: text) }
        #expect(try code { _ = try store(server).keys("bucket") } == .badResponse)
    }

    @Test func `pending uploads come in pages`() throws {
        let server = FaultServer { request, connection in
            let isFirst = request.number == 1
            connection.respond(
                200,
                text: """
                    <ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>\(isFirst)</IsTruncated>\
                    <NextKeyMarker>a%2Fb+c</NextKeyMarker><NextUploadIdMarker>u\(request.number)</NextUploadIdMarker>\
                    <Upload><Key>a%2Fb+c</Key><UploadId>u\(request.number)</UploadId>\
                    <Initiated>2024-05-06T07:08:09.000Z</Initiated></Upload></ListMultipartUploadsResult>
                    """)
        }
        let uploads = try store(server).listUploads(bucket: "bucket", prefix: "a/")
        #expect(uploads.map(\.uploadID) == ["u1", "u2"])
        #expect(uploads.map(\.key) == ["a/b c", "a/b c"])
        #expect(
            server.requests.last?.target
                == "/bucket?uploads=&encoding-type=url&prefix=a%2F&key-marker=a%2Fb%20c&upload-id-marker=u1")
    }

    @Test func `requests are signed with what they carry`() throws {
        let verified = Mutex<[Bool]>([])
        let verifier = SigV4Verifier(service: "s3", skewSeconds: 300) { accessKey in
            accessKey == "AKID" ? SigV4Principal(secretKey: "secret", account: "123456789012") : nil
        }
        let server = FaultServer { request, connection in
            let query = request.target.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
            let result = verifier.verify(
                method: request.method, rawPath: request.path, rawQuery: String(query),
                headers: request.headers.map { ($0.name, $0.value) }, body: request.body,
                now: SigV4TestClock.now)
            verified.withLock { $0.append((try? result.get()) != nil) }
            connection.respond(200, [("ETag", "\"p\"")])
        }
        let store = try store(server)
        for key in ["plain", "a b/ü+&=?#%/..", "~!@$'()*,;:"] {
            _ = try store.bytes("bucket", key)
            _ = try store.bytes("bucket", key, etag: "\"p\"", from: 0)
            _ = try store.uploadPart(bucket: "bucket", key: key, uploadID: "u+/=", number: 3, bytes: Self.content)
        }
        #expect(verified.withLock { $0 } == Array(repeating: true, count: 9))
    }
}

@Suite(.enabled(if: StoreUnderTest.endpoint != nil, "needs an S3 server in MILLRACE_TEST_S3_ENDPOINT"))
struct S3ServerTests {
    @Test(
        .enabled(
            if: SigV4TestClock.serverChecksKeys, "needs a server that checks keys: set MILLRACE_TEST_S3_CHECKS_KEYS=1"))
    func `wrong credentials are refused at once`() throws {
        for credentials in [
            SigV4Credentials(accessKey: "test", secretKey: "wrong"),
            SigV4Credentials(accessKey: "nobody", secretKey: "testsecret"),
        ] {
            var settings = try StoreUnderTest.s3Settings()
            settings.credentials = credentials
            let store = try S3ObjectStore(settings: settings)
            #expect(try code { _ = try store.keys("bucket") } == .accessDenied)
        }
    }
}
