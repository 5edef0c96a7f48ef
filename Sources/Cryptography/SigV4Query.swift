// SPDX-License-Identifier: Apache-2.0

/// The signature in the query of a presigned request, checked for form.
struct SigV4Query {
    static let signatureName = "X-Amz-Signature"
    private static let tokenName = "X-Amz-Security-Token"
    private static let payloadHashName = "X-Amz-Content-Sha256"
    /// A presigned request lives a week at most.
    private static let longestLifetime = 604_800
    private static let required = [
        "X-Amz-Algorithm", "X-Amz-Credential", signatureName, "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires",
    ]

    let authorization: SigV4Authorization
    let timestamp: String
    let epochSeconds: Int
    let lifetime: Int
    let sessionToken: String?
    let declaredPayloadHash: String?

    /// Whether a query bears a signature, or a part of one, whatever it is worth.
    static func isPresent(in rawQuery: String) -> Bool {
        if rawQuery.isEmpty { return false }
        return rawQuery.utf8.split(separator: UInt8(ascii: "&")).contains { pair in
            let name = PercentEncoding.normalized(pair.prefix { $0 != UInt8(ascii: "=") })
            return required.prefix(3).contains { name.elementsEqual($0.utf8) }
        }
    }

    /// Nil if the query bears no signature.
    init?(rawQuery: String) throws(SigV4Failure) {
        guard Self.isPresent(in: rawQuery) else { return nil }
        let values = try Self.parameters(rawQuery)
        let missing = Self.required.filter { values[$0]?.isEmpty ?? true }
        guard missing.isEmpty else {
            throw .incomplete(
                missing.map { "AWS query-string parameters must include '\($0)'. " }.joined()
                    + "Re-examine the query-string parameters.")
        }
        let algorithm = values["X-Amz-Algorithm", default: ""]
        guard algorithm == SigV4Key.algorithm else {
            throw .incomplete("Unsupported AWS 'algorithm': '\(SigV4Authorization.shortened(algorithm[...]))'.")
        }
        timestamp = values["X-Amz-Date", default: ""]
        epochSeconds = try SigV4Claim.seconds(ofBasic: timestamp)
        lifetime = try Self.lifetime(values["X-Amz-Expires", default: ""])
        sessionToken = values[Self.tokenName]
        declaredPayloadHash = values[Self.payloadHashName]
        authorization = try SigV4Authorization(
            credential: values["X-Amz-Credential", default: ""][...],
            signedHeaders: values["X-Amz-SignedHeaders", default: ""][...],
            signature: values[Self.signatureName, default: ""][...], signsDate: false)
    }

    private static func lifetime(_ text: String) throws(SigV4Failure) -> Int {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .incomplete("X-Amz-Expires should be a number.")
        }
        guard let seconds = Int(text), (1...longestLifetime).contains(seconds) else {
            throw .incomplete("X-Amz-Expires must be at least 1 and at most \(longestLifetime) seconds.")
        }
        return seconds
    }

    /// Those of the parameters that speak of the signature, decoded. Each may come once: which counts would be a guess.
    private static func parameters(_ rawQuery: String) throws(SigV4Failure) -> [String: String] {
        var values: [String: String] = [:]
        for pair in rawQuery.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            // Compared as the canonical request writes it, so that both mean the same parameter by a name.
            var name = String(decoding: PercentEncoding.normalized(pair[..<equals]), as: UTF8.self)
            guard name.utf8.count <= 32 else { continue }
            // SDKs do not agree on how to write this one.
            if HeaderName.matches(name, "x-amz-content-sha256") { name = payloadHashName }
            guard required.contains(name) || name == tokenName || name == payloadHashName else { continue }
            let raw = equals == pair.endIndex ? pair[equals...] : pair[pair.index(after: equals)...]
            guard let bytes = PercentEncoding.decode(String(Substring(raw))),
                let value = String(validating: bytes, as: UTF8.self)
            else { throw .incomplete("The query-string parameters are not validly percent-encoded.") }
            guard values.updateValue(value, forKey: name) == nil else {
                throw .incomplete("The '\(name)' query-string parameter must not be repeated.")
            }
        }
        return values
    }
}
