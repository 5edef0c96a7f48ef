// SPDX-License-Identifier: Apache-2.0

/// Verifies requests signed with AWS Signature Version 4, in the `Authorization` header or in the query (presigned).
/// Thread-safe.
///
/// It accepts whichever headers the client chose to sign, as long as `host` and a date are covered, and answers with
/// AWS's codes and texts otherwise.
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
            let claim = try SigV4Claim(rawQuery: rawQuery, headers: headers)
            let authorization = claim.authorization
            try checkScope(claim)
            guard let principal = lookup(authorization.accessKey) else { throw .unrecognizedClient }
            try checkToken(principal, claim)
            try checkTime(claim, now)
            let canonical = SigV4CanonicalRequest(encodesPathAgain: service != "s3").bytes(
                method: method, rawPath: rawPath, rawQuery: rawQuery, headers: headers,
                signedHeaders: authorization.signedHeaders, payloadHash: try payloadHash(claim, body))
            guard let canonical else { throw .mismatch }
            try checkSignature(claim, principal, canonical)
            // Last: only who knows the secret learns that it was good once.
            if let end = principal.expiresAt, end <= now { throw .expiredToken }
            return .success(
                VerifiedIdentity(
                    accessKey: authorization.accessKey, account: principal.account, role: principal.role,
                    region: authorization.region))
        } catch {
            return .failure(error)
        }
    }

    /// Whether a query bears a signature, or a part of one, whatever it is worth.
    public static func isPresigned(rawQuery: String) -> Bool { SigV4Query.isPresent(in: rawQuery) }

    private func checkScope(_ claim: SigV4Claim) throws(SigV4Failure) {
        let authorization = claim.authorization
        guard authorization.terminator == SigV4Key.terminator else {
            throw .invalid("Credential should be scoped with a valid terminator: '\(SigV4Key.terminator)'.")
        }
        guard !authorization.region.isEmpty else { throw .invalid("Credential should be scoped to a valid region.") }
        guard authorization.service == service else {
            throw .invalid("Credential should be scoped to correct service: '\(service)'.")
        }
        guard claim.timestamp.utf8.prefix(8).elementsEqual(authorization.date.utf8) else {
            throw .invalid(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                    + "'\(authorization.date.prefix(16))' != '\(claim.timestamp.prefix(8))', from '\(claim.timestamp)'."
            )
        }
    }

    /// A temporary key is worth nothing without its token. A token sent along with a permanent key is ignored.
    private func checkToken(_ principal: SigV4Principal, _ claim: SigV4Claim) throws(SigV4Failure) {
        guard let expected = principal.sessionToken else { return }
        guard let token = claim.sessionToken, ConstantTime.equal(token, expected) else { throw .unrecognizedClient }
    }

    /// A signed request is good for the skew on both sides of its time; a presigned one until its end, and not earlier
    /// than the skew before its time.
    private func checkTime(_ claim: SigV4Claim, _ now: Int) throws(SigV4Failure) {
        let lifetime = claim.lifetime ?? skewSeconds
        if claim.epochSeconds < now - lifetime {
            throw .invalid(
                "Signature expired: \(claim.timestamp) is now earlier than \(SigV4Time.basic(now - lifetime)) "
                    + "(\(SigV4Time.basic(now)) - \(Self.duration(lifetime)))")
        }
        if claim.epochSeconds > now + skewSeconds {
            throw .invalid(
                "Signature not yet current: \(claim.timestamp) is still later than "
                    + "\(SigV4Time.basic(now + skewSeconds)) "
                    + "(\(SigV4Time.basic(now)) + \(Self.duration(skewSeconds)))")
        }
    }

    private static func duration(_ seconds: Int) -> String {
        seconds % 60 == 0 ? "\(seconds / 60) min." : "\(seconds) s."
    }

    private func payloadHash(_ claim: SigV4Claim, _ body: [UInt8]) throws(SigV4Failure) -> String {
        if claim.declaredPayloadHash == SigV4Signer.unsignedPayload { return SigV4Signer.unsignedPayload }
        let actual = Hex.encode(SHA256.hash(body))
        if let declared = claim.declaredPayloadHash, declared != actual {
            throw .invalid("The provided 'x-amz-content-sha256' header does not match what was computed.")
        }
        return actual
    }

    private func checkSignature(
        _ claim: SigV4Claim, _ principal: SigV4Principal, _ canonical: [UInt8]
    ) throws(SigV4Failure) {
        let authorization = claim.authorization
        let name = SigningKeyCache.Name(
            accessKey: authorization.accessKey, date: authorization.date, region: authorization.region)
        let cached = keys.key(name, secretKey: principal.secretKey)
        let key =
            cached
            ?? SigV4Key.derive(
                secretKey: principal.secretKey, date: authorization.date, region: authorization.region, service: service
            )
        let expected = SigV4Key.signature(
            key: key, timestamp: claim.timestamp, region: authorization.region, service: service,
            canonicalRequest: canonical)
        guard ConstantTime.equal(expected, authorization.signature) else { throw .mismatch }
        if cached == nil { keys.store(key, name, secretKey: principal.secretKey) }
    }
}
