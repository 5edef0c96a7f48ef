// SPDX-License-Identifier: Apache-2.0
import AWSClient
import Cryptography

/// A bucket or an object in it, as a URL and as what is signed.
struct S3Address: Equatable {
    let scheme: String
    let host: String
    /// Percent-encoded; begins with a slash.
    let rawPath: String

    /// - Parameter key: nil for the bucket itself.
    init(settings: S3Settings, bucket: String, key: String?) throws(ObjectStoreError) {
        guard Self.isValid(bucket: bucket) else {
            throw ObjectStoreError(.invalidBucketName, "The specified bucket is not valid: \(bucket.prefix(80))")
        }
        let encodedKey = key.map { PercentEncoding.encode($0, keepingSlashes: true) }
        let base: AWSEndpoint
        let isVirtual: Bool
        if let text = settings.endpoint {
            guard let endpoint = AWSEndpoint(text) else {
                throw ObjectStoreError(.badRequest, "The S3 endpoint is not a valid URL.")
            }
            base = endpoint
            isVirtual = settings.addressing == .virtual
        } else {
            let domain = settings.region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
            guard let endpoint = AWSEndpoint("https://s3.\(settings.region).\(domain)") else {
                throw ObjectStoreError(.badRequest, "The region's name is not valid.")
            }
            base = endpoint
            isVirtual =
                settings.addressing == .virtual
                || (settings.addressing == .auto && Self.isHostLabel(bucket))
        }
        scheme = base.scheme
        if isVirtual {
            host = "\(bucket).\(base.authority)"
            rawPath = "\(base.path)/\(encodedKey ?? "")"
        } else {
            host = base.authority
            rawPath = "\(base.path)/\(bucket)" + (encodedKey.map { "/\($0)" } ?? "")
        }
    }

    /// The URL with a query that is percent-encoded already.
    func url(query: String) -> String { "\(scheme)://\(host)\(rawPath)" + (query.isEmpty ? "" : "?\(query)") }

    /// The characters of bucket names, old ones included: none that a URL gives a meaning to.
    private static func isValid(bucket: String) -> Bool {
        (3...255).contains(bucket.utf8.count) && !bucket.utf8.starts(with: ".".utf8)
            && bucket.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    /// Whether AWS's wildcard certificate covers the bucket's host: one label, in lower case.
    private static func isHostLabel(_ bucket: String) -> Bool {
        bucket.utf8.count <= 63 && !bucket.hasPrefix("-") && !bucket.hasSuffix("-")
            && bucket.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
            }
    }
}
