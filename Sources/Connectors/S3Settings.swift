// SPDX-License-Identifier: Apache-2.0
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

    /// Reads `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, `AWS_REGION` or `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_CA_BUNDLE`, `MILLRACE_S3_ADDRESSING`, `MILLRACE_BUCKET_ROOT`,
    /// `MILLRACE_BUCKET_FLUSH` and `MILLRACE_ALLOW_LINK_LOCAL`. An empty value counts as none.
    public init(environment: [String: String]) throws(S3SettingsError) {
        func value(_ names: String...) -> (name: String, text: String)? {
            for name in names {
                if let text = environment[name], !text.isEmpty { return (name, text) }
            }
            return nil
        }
        if let endpoint = value("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") {
            guard S3Endpoint(endpoint.text) != nil else {
                throw S3SettingsError(
                    variable: endpoint.name,
                    reason: "is not a URL of the form http://host[:port] or https://host[:port]")
            }
            self.endpoint = endpoint.text
        }
        if let region = value("AWS_REGION", "AWS_DEFAULT_REGION") {
            guard region.text.utf8.count <= 64, region.text.utf8.allSatisfy(Self.isRegionByte) else {
                throw S3SettingsError(variable: region.name, reason: "is not the name of a region")
            }
            self.region = region.text
        }
        switch (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")) {
        case (let accessKey?, let secretKey?):
            credentials = SigV4Credentials(
                accessKey: accessKey.text, secretKey: secretKey.text, sessionToken: value("AWS_SESSION_TOKEN")?.text)
        case (_?, nil): throw S3SettingsError(variable: "AWS_SECRET_ACCESS_KEY", reason: "is missing")
        case (nil, _?): throw S3SettingsError(variable: "AWS_ACCESS_KEY_ID", reason: "is missing")
        case (nil, nil): break
        }
        if let addressing = value("MILLRACE_S3_ADDRESSING") {
            guard let known = S3Addressing(rawValue: addressing.text) else {
                throw S3SettingsError(variable: addressing.name, reason: "is none of path, virtual and auto")
            }
            self.addressing = known
        }
        bucketRoot = value("MILLRACE_BUCKET_ROOT")?.text
        certificateFile = value("AWS_CA_BUNDLE")?.text
        if let flag = value("MILLRACE_BUCKET_FLUSH") { flushesFiles = try Self.flag(flag) }
        if let flag = value("MILLRACE_ALLOW_LINK_LOCAL") { allowsLinkLocal = try Self.flag(flag) }
    }

    private static func flag(_ value: (name: String, text: String)) throws(S3SettingsError) -> Bool {
        switch value.text.lowercased() {
        case "1", "true", "on", "yes": return true
        case "0", "false", "off", "no": return false
        default: throw S3SettingsError(variable: value.name, reason: "is neither on nor off")
        }
    }

    private static func isRegionByte(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
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

/// A setting that cannot be used. Never quotes a value.
public struct S3SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    public let variable: String
    public let reason: String

    public var description: String { "\(variable) \(reason)" }
}
