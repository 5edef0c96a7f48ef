// SPDX-License-Identifier: Apache-2.0
public import AWSClient
public import Cryptography

/// How a bucket's name goes into a URL.
public enum S3Addressing: String, Sendable, CaseIterable {
    /// `endpoint/bucket/key`.
    case path
    /// `bucket.endpoint/key`.
    case virtual
    /// `virtual` at AWS, for buckets that a wildcard certificate covers; `path` at any other endpoint.
    case auto
}

/// Where objects are and who asks for them. Its description shows no secret.
public struct S3Settings: Sendable, Equatable {
    /// A server that speaks S3, such as `http://127.0.0.1:9000`; nil: AWS.
    public var endpoint: String?
    public var region = "us-east-1"
    public var credentials: SigV4Credentials?
    public var addressing = S3Addressing.auto
    /// The folder whose subfolders are the buckets when there is no endpoint.
    public var bucketRoot: String?
    /// Whether a bucket root's files are flushed to the disk before they count as written.
    public var flushesFiles = true
    /// Whether link-local and metadata addresses may be reached.
    public var allowsLinkLocal = false
    /// A file of certificates to trust instead of the system's.
    public var certificateFile: String?
    public var timing = S3Timing()

    public init() {}

    /// Reads `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, what `AWSSettings` reads, `MILLRACE_S3_ADDRESSING`,
    /// `MILLRACE_BUCKET_ROOT` and `MILLRACE_BUCKET_FLUSH`. An empty value counts as none.
    public init(environment: [String: String]) throws(AWSSettingsError) {
        let common = try AWSSettings(environment: environment)
        region = common.region
        credentials = common.credentials
        allowsLinkLocal = common.allowsLinkLocal
        certificateFile = common.certificateFile
        endpoint = try AWSSettings.endpoint(of: "S3", in: environment)?.text
        if let text = AWSSettings.value("MILLRACE_S3_ADDRESSING", in: environment) {
            guard let known = S3Addressing(rawValue: text) else {
                throw AWSSettingsError(
                    variable: "MILLRACE_S3_ADDRESSING", reason: "is none of path, virtual and auto")
            }
            addressing = known
        }
        bucketRoot = AWSSettings.value("MILLRACE_BUCKET_ROOT", in: environment)
        if let flushes = try AWSSettings.flag("MILLRACE_BUCKET_FLUSH", in: environment) { flushesFiles = flushes }
    }
}

/// Patience of an S3 client.
public struct S3Timing: Sendable, Equatable {
    public var connectMilliseconds = 5000
    /// A transfer in which nothing moves for so long is broken off, in seconds.
    public var stallSeconds = 30
    /// The same for completing an upload, which S3 may take minutes for.
    public var completionStallSeconds = 300
    /// How often a request is sent at most; a read counts anew whenever it has made progress.
    public var attempts = 6
    /// The waits between attempts are random, below `firstBackoffMilliseconds` doubled each time, up to the maximum.
    public var firstBackoffMilliseconds = 100
    public var maximumBackoffMilliseconds = 20_000

    public init() {}
}
