// SPDX-License-Identifier: Apache-2.0

/// All that a request says of its signature, in its headers or in its query, checked for form but not yet believed.
struct SigV4Claim {
    let authorization: SigV4Authorization
    /// The request's time in the basic form, `20240506T070809Z`.
    let timestamp: String
    let epochSeconds: Int
    /// How long a presigned request is good; nil if it was signed in its headers.
    let lifetime: Int?
    let sessionToken: String?
    /// What stands for the body's hash by the client's word.
    let declaredPayloadHash: String?

    init(rawQuery: String, headers: [(String, String)]) throws(SigV4Failure) {
        let header = try Self.single("authorization", headers)
        let declared = try Self.single("x-amz-content-sha256", headers)
        if let query = try SigV4Query(rawQuery: rawQuery) {
            guard header == nil else {
                throw .incomplete(
                    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization "
                        + "header should be specified.")
            }
            authorization = query.authorization
            (timestamp, epochSeconds) = (query.timestamp, query.epochSeconds)
            lifetime = query.lifetime
            sessionToken = query.sessionToken
            declaredPayloadHash = query.declaredPayloadHash ?? declared
        } else {
            guard let header else { throw .missingToken }
            authorization = try SigV4Authorization(header: header)
            (timestamp, epochSeconds) = try Self.date(headers, signed: authorization.signedHeaders)
            lifetime = nil
            sessionToken = try Self.single("x-amz-security-token", headers)
            declaredPayloadHash = declared
        }
    }

    private static func date(
        _ headers: [(String, String)], signed: [Substring]
    ) throws(SigV4Failure) -> (timestamp: String, epochSeconds: Int) {
        if let text = try single("x-amz-date", headers) {
            let seconds = try seconds(ofBasic: text)
            guard signed.contains("x-amz-date") else {
                throw .incomplete("'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.")
            }
            return (text, seconds)
        }
        guard let text = try single("date", headers) else {
            throw .incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        }
        guard let seconds = SigV4Time.parseDateHeader(text) else {
            throw .incomplete("Date header is not a valid HTTP or ISO-8601 'basic format' date.")
        }
        return (SigV4Time.basic(seconds), seconds)
    }

    /// Seconds since 1970 of an `X-Amz-Date`.
    static func seconds(ofBasic text: String) throws(SigV4Failure) -> Int {
        guard let seconds = SigV4Time.parseBasic(text) else {
            throw .incomplete("Date must be in ISO-8601 'basic format'. Got '\(text.prefix(40))'.")
        }
        return seconds
    }

    /// The one value of a header; nil if absent. A second one is refused: which of them counts would be a guess.
    private static func single(_ name: Substring, _ headers: [(String, String)]) throws(SigV4Failure) -> String? {
        var value: String?
        for (candidate, text) in headers where HeaderName.matches(candidate, name) {
            if value != nil { throw .incomplete("The '\(name)' header must not be repeated.") }
            value = text
        }
        return value
    }
}
