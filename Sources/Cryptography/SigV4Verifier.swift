// SPDX-License-Identifier: Apache-2.0

/// Verifies requests signed with AWS Signature Version 4 in the `Authorization` header. Thread-safe.
///
/// It accepts whichever headers the client chose to sign, as long as `host` and a date are among them, and answers
/// with AWS's codes and texts otherwise.
public struct SigV4Verifier: Sendable {
    /// Finds who owns an access key; nil for an unknown one. Called once per request, on the caller's thread.
    public typealias Lookup = @Sendable (_ accessKey: String) -> SigV4Principal?

    private let service: String
    private let skewSeconds: Int
    private let lookup: Lookup
    private let keys = SigningKeyCache(capacity: 256)

    /// - Parameters:
    ///   - service: the signing name that the credential scope must bear.
    ///   - skewSeconds: how far the request's time may lie before or behind the server's.
    public init(service: String = "appflow", skewSeconds: Int = 300, lookup: @escaping Lookup) {
        self.service = service
        self.skewSeconds = skewSeconds
        self.lookup = lookup
    }

    /// Checks one request.
    /// - Parameters:
    ///   - rawPath: the path as it came over the wire, undecoded.
    ///   - rawQuery: the query as it came over the wire, without `?`.
    ///   - headers: all headers, repeated ones in order.
    ///   - body: the raw body.
    ///   - now: seconds since 1970.
    public func verify(
        method: String, rawPath: String, rawQuery: String, headers: [(String, String)], body: [UInt8], now: Int
    ) -> Result<VerifiedIdentity, SigV4Failure> {
        do throws(SigV4Failure) {
            guard let header = try single("authorization", headers) else { throw .missingToken }
            let authorization = try SigV4Authorization(header)
            let timestamp = try timestamp(authorization, headers)
            try checkScope(authorization, timestamp)
            guard let principal = lookup(authorization.accessKey) else { throw .unrecognizedClient }
            try checkToken(principal, headers)
            try checkSkew(timestamp, now)
            let canonical = SigV4CanonicalRequest(encodesPathAgain: service != "s3").bytes(
                method: method, rawPath: rawPath, rawQuery: rawQuery, headers: headers,
                signedHeaders: authorization.signedHeaders, payloadHash: try payloadHash(headers, body))
            guard let canonical else { throw .mismatch }
            try checkSignature(authorization, principal, timestamp.text, canonical)
            return .success(
                VerifiedIdentity(
                    accessKey: authorization.accessKey, account: principal.account, role: principal.role,
                    region: authorization.region))
        } catch {
            return .failure(error)
        }
    }

    private struct Timestamp {
        let text: String
        let epochSeconds: Int
    }

    /// The one value of a header; nil if absent. A second one is refused: which of them counts would be a guess.
    private func single(_ name: Substring, _ headers: [(String, String)]) throws(SigV4Failure) -> String? {
        var value: String?
        for (candidate, text) in headers where HeaderName.matches(candidate, name) {
            if value != nil { throw .incomplete("The '\(name)' header must not be repeated.") }
            value = text
        }
        return value
    }

    private func timestamp(
        _ authorization: SigV4Authorization, _ headers: [(String, String)]
    ) throws(SigV4Failure) -> Timestamp {
        if let text = try single("x-amz-date", headers) {
            guard let seconds = SigV4Time.parseBasic(text) else {
                throw .incomplete("Date must be in ISO-8601 'basic format'. Got '\(text.prefix(40))'.")
            }
            guard authorization.signedHeaders.contains("x-amz-date") else {
                throw .incomplete("'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.")
            }
            return Timestamp(text: text, epochSeconds: seconds)
        }
        guard let text = try single("date", headers) else {
            throw .incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        }
        guard let seconds = SigV4Time.parseDateHeader(text) else {
            throw .incomplete("Date header is not a valid HTTP or ISO-8601 'basic format' date.")
        }
        return Timestamp(text: SigV4Time.basic(seconds), epochSeconds: seconds)
    }

    private func checkScope(_ authorization: SigV4Authorization, _ timestamp: Timestamp) throws(SigV4Failure) {
        guard authorization.terminator == SigV4Key.terminator else {
            throw .invalid("Credential should be scoped with a valid terminator: '\(SigV4Key.terminator)'.")
        }
        guard !authorization.region.isEmpty else { throw .invalid("Credential should be scoped to a valid region.") }
        guard authorization.service == service else {
            throw .invalid("Credential should be scoped to correct service: '\(service)'.")
        }
        guard timestamp.text.utf8.prefix(8).elementsEqual(authorization.date.utf8) else {
            throw .invalid(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                    + "'\(authorization.date.prefix(16))' != '\(timestamp.text.prefix(8))', from '\(timestamp.text)'.")
        }
    }

    /// A temporary key is worth nothing without its token. A token sent along with a permanent key is ignored.
    private func checkToken(_ principal: SigV4Principal, _ headers: [(String, String)]) throws(SigV4Failure) {
        guard let expected = principal.sessionToken else { return }
        guard let token = try single("x-amz-security-token", headers), ConstantTime.equal(token, expected) else {
            throw .unrecognizedClient
        }
    }

    private func checkSkew(_ timestamp: Timestamp, _ now: Int) throws(SigV4Failure) {
        let window = skewSeconds % 60 == 0 ? "\(skewSeconds / 60) min." : "\(skewSeconds) s."
        if timestamp.epochSeconds < now - skewSeconds {
            throw .invalid(
                "Signature expired: \(timestamp.text) is now earlier than \(SigV4Time.basic(now - skewSeconds)) "
                    + "(\(SigV4Time.basic(now)) - \(window))")
        }
        if timestamp.epochSeconds > now + skewSeconds {
            throw .invalid(
                "Signature not yet current: \(timestamp.text) is still later than "
                    + "\(SigV4Time.basic(now + skewSeconds)) (\(SigV4Time.basic(now)) + \(window))")
        }
    }

    private func payloadHash(_ headers: [(String, String)], _ body: [UInt8]) throws(SigV4Failure) -> String {
        let declared = try single("x-amz-content-sha256", headers)
        if declared == SigV4Signer.unsignedPayload { return SigV4Signer.unsignedPayload }
        let actual = Hex.encode(SHA256.hash(body))
        if let declared, declared != actual {
            throw .invalid("The provided 'x-amz-content-sha256' header does not match what was computed.")
        }
        return actual
    }

    private func checkSignature(
        _ authorization: SigV4Authorization, _ principal: SigV4Principal, _ timestamp: String, _ canonical: [UInt8]
    ) throws(SigV4Failure) {
        let name = SigningKeyCache.Name(
            accessKey: authorization.accessKey, date: authorization.date, region: authorization.region)
        let cached = keys.key(name, secretKey: principal.secretKey)
        let key =
            cached
            ?? SigV4Key.derive(
                secretKey: principal.secretKey, date: authorization.date, region: authorization.region, service: service
            )
        let expected = SigV4Key.signature(
            key: key, timestamp: timestamp, region: authorization.region, service: service, canonicalRequest: canonical)
        guard ConstantTime.equal(expected, authorization.signature) else { throw .mismatch }
        if cached == nil { keys.store(key, name, secretKey: principal.secretKey) }
    }
}
