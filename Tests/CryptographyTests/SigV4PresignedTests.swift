// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cryptography

extension SigV4Vector {
    static func presigned(_ name: String) throws -> SigV4Vector { try #require(presigned.first { $0.name == name }) }

    func replacing(inQuery part: String, with other: String) throws -> SigV4Vector {
        var copy = self
        copy.query = query.replacing(part, with: other)
        try #require(copy.query != query)
        return copy
    }
}

@Suite struct SigV4PresignedTests {
    @Test(arguments: SigV4Vector.presigned)
    func `accepts what botocore presigned`(vector: SigV4Vector) throws {
        let verifier = testVerifier()
        for _ in 0..<2 {
            let identity = try vector.verify(by: verifier).get()
            #expect(identity.account == testAccount)
            #expect(identity.region == "eu-central-1")
        }
        #expect(SigV4Verifier.isPresigned(rawQuery: vector.query))
    }

    @Test(arguments: SigV4Vector.presigned)
    func `refuses any change to what was signed`(vector: SigV4Vector) throws {
        let verifier = testVerifier()
        var changes = [vector, vector, vector, vector.replacing("host") { $0 + "x" }]
        changes[0].path += "x"
        changes[1].query += "&x=1"
        changes[2].method = "PATCH"
        changes.append(try vector.replacing(inQuery: "X-Amz-Expires=", with: "X-Amz-Expires=1"))
        changes[4].query = changes[4].query.replacing("=1604800", with: "=60480")
        if !vector.query.contains("UNSIGNED-PAYLOAD"), !vector.headers.contains(where: { $0.1 == "UNSIGNED-PAYLOAD" }) {
            changes.append(vector)
            changes[5].body += " "
        }
        for change in changes {
            #expect(failure(change.verify(by: verifier)) == .mismatch)
        }
    }

    @Test func `the order of the parameters does not matter`() throws {
        var vector = try SigV4Vector.presigned("presigned untag")
        vector.query = vector.query.split(separator: "&").reversed().joined(separator: "&")
        #expect(failure(vector.verify(by: testVerifier())) == nil)
    }

    @Test func `good until its end, and not before its time`() throws {
        let vector = try SigV4Vector.presigned("presigned list-tags with %2F")
        for shift in [-300, 0, 301, 3600] {
            #expect(failure(vector.verify(by: testVerifier(), now: vector.time + shift)) == nil, "\(shift)")
        }
        #expect(
            failure(vector.verify(by: testVerifier(), now: vector.time + 3601))
                == .invalid(
                    "Signature expired: 20240506T125320Z is now earlier than 20240506T125321Z "
                        + "(20240506T135321Z - 60 min.)"))
        #expect(
            failure(vector.verify(by: testVerifier(), now: vector.time - 301))
                == .invalid(
                    "Signature not yet current: 20240506T125320Z is still later than 20240506T125319Z "
                        + "(20240506T124819Z + 5 min.)"))
        let week = try SigV4Vector.presigned("presigned untag")
        #expect(failure(week.verify(by: testVerifier(), now: week.time + 604_800)) == nil)
        #expect(failure(week.verify(by: testVerifier(), now: week.time + 604_801))?.code == "InvalidSignatureException")
    }

    @Test(arguments: ["0", "604801", "-1", "1.5", "x", "%2B1", "99999999999999999999999"])
    func `a lifetime that is none`(text: String) throws {
        let vector = try SigV4Vector.presigned("presigned post without a body")
            .replacing(inQuery: "X-Amz-Expires=3600", with: "X-Amz-Expires=" + text)
        let answer = try #require(failure(vector.verify(by: testVerifier())))
        #expect(answer.code == "IncompleteSignature")
        #expect(answer.message.hasPrefix("X-Amz-Expires "))
    }

    @Test(arguments: [
        "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires",
    ])
    func `every parameter is needed, once`(name: String) throws {
        let vector = try SigV4Vector.presigned("presigned post without a body")
        let without = failure(try vector.replacing(inQuery: name + "=", with: "X-Other=").verify(by: testVerifier()))
        #expect(without?.code == "IncompleteSignature")
        #expect(
            without?.message == "AWS query-string parameters must include '\(name)'. "
                + "Re-examine the query-string parameters.")
        // Also when the second one is written differently.
        for second in [name, name.replacing("-", with: "%2D")] {
            var twice = vector
            twice.query += "&\(second)=1"
            #expect(failure(twice.verify(by: testVerifier()))?.code == "IncompleteSignature")
        }
    }

    @Test func `a temporary key needs its token, in the query`() throws {
        let vector = try SigV4Vector.presigned("presigned with a session token")
        for (part, other) in [("example%2F%2Ftoken", "x"), ("&X-Amz-Security-Token=", "&x=")] {
            let name = part.lowercased().hasPrefix("example") ? "Example%2F%2Ftoken" : part
            let changed = try vector.replacing(inQuery: name, with: other)
            #expect(failure(changed.verify(by: testVerifier())) == .unrecognizedClient)
        }
        let expired = vector.verify(by: testVerifier(expiresAt: vector.time))
        #expect(failure(expired) == .expiredToken)
    }

    @Test(arguments: [
        ("Signature=a666bdb48efa", "Signature=%ZZ6bdb48efa"), ("Credential=AKIDEXAMPLE%2F", "Credential=%FF"),
        ("HMAC-SHA256", "HMAC-SHA1"), ("20240506T125320Z", "2024-05-06T12:53:20Z"), ("Headers=host", "Headers=date"),
        ("Headers=host", "Headers=host%3B"), ("Headers=host", "Headers=Host"), ("%2Faws4_request", ""),
    ])
    func `malformed parameters`(part: String, other: String) throws {
        let vector = try SigV4Vector.presigned("presigned post without a body").replacing(inQuery: part, with: other)
        #expect(failure(vector.verify(by: testVerifier()))?.code == "IncompleteSignature")
    }

    @Test func `an unknown key`() throws {
        let vector = try SigV4Vector.presigned("presigned post without a body")
            .replacing(inQuery: "AKIDEXAMPLE", with: "AKIDUNKNOWN")
        #expect(failure(vector.verify(by: testVerifier())) == .unrecognizedClient)
    }

    @Test func `one signature is enough`() throws {
        var vector = try SigV4Vector.presigned("presigned post without a body")
        let other = try SigV4Vector.named("botocore create-flow")
        vector.headers += other.headers.filter { $0.0 == "Authorization" }
        #expect(failure(vector.verify(by: testVerifier()))?.code == "IncompleteSignature")
    }

    @Test func `queries that bear no signature`() {
        for query in ["", "tagKeys=a", "x-amz-signature=1", "X-Amz-Date=1", "%", "&&=&"] {
            #expect(!SigV4Verifier.isPresigned(rawQuery: query), "\(query)")
        }
    }
}
