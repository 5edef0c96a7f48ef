// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cryptography

@Suite struct BearerTokensTests {
    private static let token = "0123456789-abcdef.~_+/=="

    private func tokens(_ more: String = "") throws -> BearerTokens {
        try CredentialsFile(
            text: """
                [dashboard]
                bearer_token = \(Self.token)
                account = 123456789012
                role = read-only
                \(more)
                [hashed]
                bearer_token_sha256 = \(Hex.encode(SHA256.hash("another-long-token")).uppercased())
                """, defaultAccount: "000000000000"
        ).bearerTokens
    }

    private func verify(_ header: String, _ more: String = "", now: Int = 0) throws -> Result<
        BearerPrincipal, SigV4Failure
    > {
        try tokens(more).verify(header, now: now)
    }

    @Test func `a token is its owner's`() throws {
        for scheme in ["Bearer", "bearer", "BEARER "] {
            let owner = try verify("\(scheme) \(Self.token)").get()
            #expect(owner.name == "dashboard" && owner.account == "123456789012" && owner.role == .readOnly)
        }
        let owner = try verify("Bearer another-long-token").get()
        #expect(owner.name == "hashed" && owner.account == "000000000000" && owner.role == .full)
    }

    @Test(arguments: [
        "0123456789-abcdef.~_+/=", "0123456789-abcdef.~_+/===", "a", "0123456789-abcdef.~_+//==",
        Hex.encode(SHA256.hash("another-long-token")),
    ])
    func `another token is nobody's`(token: String) throws {
        #expect(throws: SigV4Failure.unrecognizedClient) { try verify("Bearer " + token).get() }
    }

    @Test(arguments: [
        "Bearer", "Bearer ", "Bearer a b", "Bearer ü", "Bearer ==", "Bearer " + String(repeating: "a", count: 5000),
    ])
    func `what is no token`(header: String) throws {
        let failure = #expect(throws: SigV4Failure.self) { try verify(header).get() }
        #expect(failure?.code == "IncompleteSignature")
    }

    @Test func `a token that has expired`() throws {
        let expiration = "expiration = 2024-05-06T12:53:20Z"
        #expect(try verify("Bearer " + Self.token, expiration, now: 1_714_999_999).get().name == "dashboard")
        #expect(throws: SigV4Failure.expiredToken) {
            try verify("Bearer " + Self.token, expiration, now: 1_715_000_000).get()
        }
    }

    @Test func `other schemes are not bearer's`() {
        for header in ["", "Basic x", "Bearers x", "Bear", "AWS4-HMAC-SHA256 x"] {
            #expect(!BearerTokens.isBearer(header), "\(header)")
        }
        #expect(BearerTokens.isBearer("Bearer") && BearerTokens.isBearer("bEARER x"))
    }

    @Test func `the token itself is not kept`() throws {
        let owner = try verify("Bearer " + Self.token).get()
        var text = ""
        dump(owner, to: &text)
        #expect(!text.contains(Self.token) && !"\(owner)".contains(Self.token))
    }
}
