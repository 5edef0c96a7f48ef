// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Signs requests with AWS Signature Version 4. Thread-safe; keeps the signing key of the current day.
public final class SigV4Signer: Sendable {
    /// Stands in for the payload's hash where the body is not covered by the signature.
    public static let unsignedPayload = "UNSIGNED-PAYLOAD"
    /// The hash of an empty body.
    public static let emptyPayloadHash = Hex.encode(SHA256.hash([]))

    private let credentials: SigV4Credentials
    private let region: String
    private let service: String
    private let keys = SigningKeyCache(capacity: 2)

    /// - Parameter service: the signing name. For `s3` the path is signed as it is and the payload's hash is sent as
    ///   a header; for every other service the path is encoded once more.
    public init(credentials: SigV4Credentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// The headers to add to a request so that it is signed.
    /// - Parameters:
    ///   - rawPath: the path as it goes over the wire, percent-encoded.
    ///   - rawQuery: the query as it goes over the wire, without `?`.
    ///   - headers: those to sign; must hold `host`.
    ///   - payloadHash: lower-case hexadecimal SHA-256 of the body, or `unsignedPayload`.
    ///   - epochSeconds: the time of the request.
    public func sign(
        method: String, rawPath: String, rawQuery: String, headers: [(String, String)], payloadHash: String,
        epochSeconds: Int
    ) -> [(String, String)] {
        let timestamp = SigV4Time.basic(epochSeconds)
        let date = String(timestamp.prefix(8))
        var added = [("x-amz-date", timestamp)]
        if service == "s3" { added.append(("x-amz-content-sha256", payloadHash)) }
        if let token = credentials.sessionToken { added.append(("x-amz-security-token", token)) }
        let all = headers + added
        let names = Set(all.map { $0.0.lowercased() }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        // Every name comes from `all`, so that the canonical request always exists.
        let canonical =
            SigV4CanonicalRequest(encodesPathAgain: service != "s3").bytes(
                method: method, rawPath: rawPath, rawQuery: rawQuery, headers: all,
                signedHeaders: names.map { $0[...] }, payloadHash: payloadHash) ?? []
        let signature = SigV4Key.signature(
            key: signingKey(date), timestamp: timestamp, region: region, service: service, canonicalRequest: canonical)
        let scope = "\(credentials.accessKey)/\(date)/\(region)/\(service)/\(SigV4Key.terminator)"
        added.append(
            (
                "authorization",
                "\(SigV4Key.algorithm) Credential=\(scope), SignedHeaders=\(names.joined(separator: ";")), "
                    + "Signature=\(Hex.encode(signature))"
            ))
        return added
    }

    private func signingKey(_ date: String) -> [UInt8] {
        let name = SigningKeyCache.Name(accessKey: credentials.accessKey, date: date, region: region)
        if let key = keys.key(name, secretKey: credentials.secretKey) { return key }
        let key = SigV4Key.derive(secretKey: credentials.secretKey, date: date, region: region, service: service)
        keys.store(key, name, secretKey: credentials.secretKey)
        return key
    }
}
