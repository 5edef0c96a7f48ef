// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cryptography

let testAccount = "123456789012"

func testVerifier(service: String = "appflow", expiresAt: Int? = nil) -> SigV4Verifier {
    SigV4Verifier(service: service) { accessKey in
        switch accessKey {
        case SigV4Vector.accessKey:
            SigV4Principal(
                secretKey: SigV4Vector.secretKey, account: testAccount, role: .readOnly, expiresAt: expiresAt)
        case SigV4Vector.temporaryAccessKey:
            SigV4Principal(
                secretKey: SigV4Vector.temporarySecretKey, sessionToken: SigV4Vector.sessionToken, account: testAccount,
                expiresAt: expiresAt)
        default: nil
        }
    }
}

extension SigV4Vector {
    static func named(_ name: String) throws -> SigV4Vector { try #require(all.first { $0.name == name }) }

    func verify(
        by verifier: SigV4Verifier, method: String? = nil, now: Int? = nil
    ) -> Result<VerifiedIdentity, SigV4Failure> {
        verifier.verify(
            method: method ?? self.method, rawPath: path, rawQuery: query, headers: headers, body: Array(body.utf8),
            now: now ?? time)
    }

    func replacing(_ header: String, _ change: (String) -> String?) -> SigV4Vector {
        var copy = self
        copy.headers = headers.compactMap { name, value in
            guard name.lowercased() == header else { return (name, value) }
            return change(value).map { (name, $0) }
        }
        return copy
    }
}

func failure(_ result: Result<VerifiedIdentity, SigV4Failure>) -> SigV4Failure? {
    if case .failure(let failure) = result { failure } else { nil }
}

@Suite struct SigV4VerifierTests {
    @Test(arguments: SigV4Vector.all)
    func `accepts what others signed`(vector: SigV4Vector) throws {
        let verifier = testVerifier(service: vector.service)
        // Twice: the second time with the cached key.
        for _ in 0..<2 {
            let identity = try vector.verify(by: verifier).get()
            #expect(identity.account == testAccount)
            let isTemporary = vector.headers.contains { $0.1.contains(SigV4Vector.temporaryAccessKey) }
            #expect(identity.role == (isTemporary ? .full : .readOnly))
        }
    }

    @Test(arguments: SigV4Vector.all)
    func `refuses any change to what was signed`(vector: SigV4Vector) {
        let verifier = testVerifier(service: vector.service)
        _ = vector.verify(by: verifier)
        var changes = [vector, vector, vector, vector]
        changes[0].path += "x"
        changes[1].query += "&x=1"
        changes[2].method = "PATCH"
        changes[3] = vector.replacing("host") { $0 + "x" }
        if !vector.headers.contains(where: { $0.1 == "UNSIGNED-PAYLOAD" }) {
            changes.append(vector)
            changes[4].body += " "
        }
        for change in changes {
            #expect(failure(change.verify(by: verifier))?.code == "InvalidSignatureException")
        }
    }

    @Test func `a wrong secret is a mismatch, also when the key was cached`() throws {
        let vector = try SigV4Vector.named("botocore create-flow")
        let verifier = SigV4Verifier { _ in SigV4Principal(secretKey: "other", account: testAccount) }
        let answer = try #require(failure(vector.verify(by: verifier)))
        #expect(answer.code == "InvalidSignatureException")
        #expect(
            answer.message
                == "The request signature we calculated does not match the signature you provided. Check your AWS "
                + "Secret Access Key and signing method. Consult the service documentation for details.")
    }

    @Test func `nothing signed`() throws {
        let vector = try SigV4Vector.named("botocore create-flow").replacing("authorization") { _ in nil }
        #expect(failure(vector.verify(by: testVerifier()))?.code == "MissingAuthenticationTokenException")
    }

    @Test func `an unknown key`() throws {
        let vector = try SigV4Vector.named("botocore create-flow").replacing("authorization") { header in
            header.replacing(SigV4Vector.accessKey, with: "AKIDUNKNOWN")
        }
        let answer = try #require(failure(vector.verify(by: testVerifier())))
        #expect(answer.code == "UnrecognizedClientException")
        #expect(answer.message == "The security token included in the request is invalid.")
    }

    @Test(arguments: [
        "Basic dXNlcjpwYXNz",
        "AWS4-HMAC-SHA512 Credential=a/b/c/d/e, SignedHeaders=host;x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential=a/20240506/eu-central-1/appflow/aws4_request, SignedHeaders=host;x-amz-date",
        "AWS4-HMAC-SHA256 Credential=a/20240506/appflow/aws4_request, SignedHeaders=host;x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256 Credential=/20240506/r/appflow/aws4_request, SignedHeaders=host;x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/20240506/r/appflow/aws4_request, SignedHeaders=x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/20240506/r/appflow/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/20240506/r/appflow/aws4_request, SignedHeaders=x-amz-date;host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/20240506/r/appflow/aws4_request, SignedHeaders=Host;x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/20240506/r/appflow/aws4_request, SignedHeaders=host;host;x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, Credential=a/b/c/d/e, SignedHeaders=host;x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host;x-amz-date, Signature=00, More=1",
        "AWS4-HMAC-SHA256 Credential, SignedHeaders=host;x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256 " + String(repeating: "a", count: 10_000),
    ])
    func `malformed authorization`(header: String) throws {
        let vector = try SigV4Vector.named("botocore create-flow").replacing("authorization") { _ in header }
        #expect(failure(vector.verify(by: testVerifier()))?.code == "IncompleteSignature")
    }

    @Test func `a malformed signature is a wrong one`() throws {
        for signature in ["", "zz", "00"] {
            let vector = try SigV4Vector.named("botocore create-flow").replacing("authorization") { header in
                header.replacing(#/Signature=.*/#, with: "Signature=" + signature)
            }
            #expect(failure(vector.verify(by: testVerifier())) != nil)
        }
    }

    @Test func `two authorizations are no choice`() throws {
        var vector = try SigV4Vector.named("botocore create-flow")
        vector.headers.append(("authorization", "Basic x"))
        #expect(failure(vector.verify(by: testVerifier()))?.code == "IncompleteSignature")
    }

    @Test(arguments: [
        ("/appflow/", "/s3/", "Credential should be scoped to correct service: 'appflow'."),
        ("aws4_request", "aws5_request", "Credential should be scoped with a valid terminator: 'aws4_request'."),
        ("eu-central-1", "", "Credential should be scoped to a valid region."),
        (
            "/20240506/", "/20240507/",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20240507' != "
                + "'20240506', from '20240506T125320Z'."
        ),
    ])
    func `a scope that is not ours`(part: String, other: String, message: String) throws {
        let vector = try SigV4Vector.named("botocore create-flow").replacing("authorization") { header in
            header.replacing(part, with: other)
        }
        #expect(failure(vector.verify(by: testVerifier())) == .invalid(message))
    }

    @Test func `dates that are none, or are not there`() throws {
        let vector = try SigV4Vector.named("botocore create-flow")
        for date in ["2024-05-06T12:53:20Z", "20240231T125320Z", "20240506T256320Z", ""] {
            let answer = failure(vector.replacing("x-amz-date") { _ in date }.verify(by: testVerifier()))
            #expect(answer?.code == "IncompleteSignature", "\(date)")
        }
        let without = failure(vector.replacing("x-amz-date") { _ in nil }.verify(by: testVerifier()))
        #expect(
            without?.message
                == "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    }

    @Test func `the window is five minutes either way`() throws {
        let vector = try SigV4Vector.named("botocore create-flow")
        for shift in [-300, 300] {
            #expect(failure(vector.verify(by: testVerifier(), now: vector.time + shift)) == nil)
        }
        #expect(
            failure(vector.verify(by: testVerifier(), now: vector.time + 301))
                == .invalid(
                    "Signature expired: 20240506T125320Z is now earlier than 20240506T125321Z "
                        + "(20240506T125821Z - 5 min.)"))
        #expect(
            failure(vector.verify(by: testVerifier(), now: vector.time - 301))
                == .invalid(
                    "Signature not yet current: 20240506T125320Z is still later than 20240506T125319Z "
                        + "(20240506T124819Z + 5 min.)"))
    }

    @Test func `a temporary key needs its token`() throws {
        let vector = try SigV4Vector.named("botocore with a session token")
        #expect(failure(vector.verify(by: testVerifier())) == nil)
        for token in [nil, "other"] {
            let changed = vector.replacing("x-amz-security-token") { _ in token }
            #expect(failure(changed.verify(by: testVerifier()))?.code == "UnrecognizedClientException")
        }
    }

    @Test func `a key that has expired`() throws {
        for name in ["botocore create-flow", "botocore with a session token"] {
            let vector = try SigV4Vector.named(name)
            #expect(failure(vector.verify(by: testVerifier(expiresAt: vector.time + 1))) == nil)
            let answer = failure(vector.verify(by: testVerifier(expiresAt: vector.time)))
            #expect(answer?.code == "ExpiredTokenException")
            #expect(answer?.message == "The security token included in the request is expired")
            // Whoever does not know the secret does not learn of it.
            let other = vector.replacing("host") { $0 + "x" }
            #expect(failure(other.verify(by: testVerifier(expiresAt: vector.time))) == .mismatch)
        }
    }

    @Test func `a declared payload hash must be that of the body`() throws {
        let vector = try SigV4Vector.named("botocore declared payload hash").replacing("x-amz-content-sha256") { _ in
            SigV4Signer.emptyPayloadHash
        }
        #expect(
            failure(vector.verify(by: testVerifier()))?.message
                == "The provided 'x-amz-content-sha256' header does not match what was computed.")
    }

    @Test func `a signed header that was not sent`() throws {
        let vector = try SigV4Vector.named("botocore create-flow").replacing("content-type") { _ in nil }
        #expect(failure(vector.verify(by: testVerifier())) == .mismatch)
    }

    @Test func `keys are cached after success only, and not without bound`() throws {
        let cache = SigningKeyCache(capacity: 2)
        for day in 1...5 {
            let name = SigningKeyCache.Name(accessKey: "a", date: "\(day)", region: "r")
            cache.store([1], name, secretKey: "s")
            #expect(cache.key(name, secretKey: "s") == [1])
            #expect(cache.key(name, secretKey: "rotated") == nil)
            #expect(cache.count <= 2)
        }
    }

    @Test func `descriptions hold no secret`() {
        let credentials = SigV4Credentials(accessKey: "AK", secretKey: "hush", sessionToken: "hush")
        let principal = SigV4Principal(secretKey: "hush", sessionToken: "hush", account: testAccount)
        #expect(!"\(credentials) \(principal) \(String(reflecting: credentials))".contains("hush"))
    }
}

@Suite struct SigV4SignerTests {
    @Test(
        arguments: SigV4Vector.all.filter { $0.name.hasPrefix("botocore") && $0.name != "botocore with a Date header" })
    func `signs as botocore signs`(vector: SigV4Vector) throws {
        let isTemporary = vector.headers.contains { $0.0 == "X-Amz-Security-Token" }
        let credentials =
            isTemporary
            ? SigV4Credentials(
                accessKey: SigV4Vector.temporaryAccessKey, secretKey: SigV4Vector.temporarySecretKey,
                sessionToken: SigV4Vector.sessionToken)
            : SigV4Credentials(accessKey: SigV4Vector.accessKey, secretKey: SigV4Vector.secretKey)
        let expected = try #require(vector.headers.first { $0.0 == "Authorization" }?.1)
        let region = String(try #require(expected.split(separator: "/").dropFirst(2).first))
        let added = ["authorization", "x-amz-date", "x-amz-security-token"]
        let isS3 = vector.service == "s3"
        let headers = vector.headers.filter { name, _ in
            !added.contains(name.lowercased()) && !(isS3 && name.lowercased() == "x-amz-content-sha256")
        }
        let declared = vector.headers.first { $0.0.lowercased() == "x-amz-content-sha256" }?.1
        let signer = SigV4Signer(credentials: credentials, region: region, service: vector.service)
        let signed = signer.sign(
            method: vector.method, rawPath: vector.path, rawQuery: vector.query, headers: headers,
            payloadHash: declared ?? Hex.encode(SHA256.hash(vector.body)), epochSeconds: vector.time)
        #expect(signed.first { $0.0 == "authorization" }?.1 == expected)
    }

    @Test func `what it signs is accepted, to the edge of the allowed`() throws {
        let verifier = testVerifier()
        let signer = SigV4Signer(
            credentials: SigV4Credentials(accessKey: SigV4Vector.accessKey, secretKey: SigV4Vector.secretKey),
            region: "eu-west-1", service: "appflow")
        let body = Array("{}".utf8)
        for time in [0, 951_782_400, 1_709_164_800, 4_102_444_799] {
            let headers = [("Host", "h"), ("X-Empty", ""), ("X-Blank", "   ")]
            let added = signer.sign(
                method: "POST", rawPath: "/a%2Fb/ü", rawQuery: "z&a=1+2&a=&%7e", headers: headers,
                payloadHash: Hex.encode(SHA256.hash(body)), epochSeconds: time)
            let result = verifier.verify(
                method: "POST", rawPath: "/a%2Fb/ü", rawQuery: "a&%7E=&z=&a=1%2B2", headers: headers + added,
                body: body,
                now: time)
            #expect(failure(result) == nil)
        }
    }
}
