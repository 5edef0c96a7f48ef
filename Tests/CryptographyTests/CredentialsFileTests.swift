// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Foundation
import Testing

@Suite struct CredentialsFileTests {
    private func parse(_ text: String) throws -> [String: SigV4Principal] {
        try CredentialsFile(text: text, defaultAccount: "000000000000").principals
    }

    @Test func `sections become principals`() throws {
        let principals = try parse(
            """
            # people
            [alice]
            aws_access_key_id = AK1
            AWS_SECRET_ACCESS_KEY=a/b+c=
            region = eu-west-1

              ; machines\r
            [robot]\r
              aws_access_key_id\t=  AK2 \r
              aws_secret_access_key = s2
              aws_session_token = tok=en
              account = 123456789012
              role = read-only
            [role-only]
            role_arn = arn:aws:iam::1:role/x
            """)
        #expect(
            principals == [
                "AK1": SigV4Principal(secretKey: "a/b+c=", account: "000000000000"),
                "AK2": SigV4Principal(
                    secretKey: "s2", sessionToken: "tok=en", account: "123456789012", role: .readOnly),
            ])
    }

    @Test(arguments: [
        ("", 0), ("[a]\nregion = x", 0), ("aws_access_key_id = A", 1), ("[a\n", 1), ("[]\n", 1), ("[a]\nnonsense", 2),
        ("[a]\naws_access_key_id = A", 1), ("[a]\naws_secret_access_key = S\n[b]", 1),
        ("[a]\naws_access_key_id = A\naws_access_key_id = B", 3),
        ("[a]\naws_access_key_id = A\naws_secret_access_key = S\naccount = 12", 1),
        ("[a]\naws_access_key_id = A\naws_secret_access_key = S\nrole = admin", 1),
        ("[a]\naws_access_key_id = A\naws_secret_access_key = S\nexpiration = tomorrow", 1),
        ("[a]\nbearer_token = short", 1), ("[a]\nbearer_token = 0123456789 abcdef", 1),
        ("[a b]\nbearer_token = 0123456789abcdef", 1), ("[a]\nbearer_token_sha256 = 00ff", 1),
        ("[a]\nbearer_token = 0123456789abcdef\nbearer_token_sha256 = 00ff", 1),
        ("[a]\nbearer_token = 0123456789abcdef\n[b]\nbearer_token = 0123456789abcdef", 3),
        (
            "[a]\naws_access_key_id = A\naws_secret_access_key = S\n"
                + "[b]\naws_access_key_id = A\naws_secret_access_key = T", 4
        ),
    ])
    func `mistakes are named with their line`(text: String, line: Int) throws {
        let error = #expect(throws: CredentialsFileError.self) { try parse(text) }
        #expect(error?.line == line)
    }

    @Test func `keys and tokens may end`() throws {
        for text in ["2024-05-06T12:53:20Z", "2024-05-06T12:53:20+00:00", "20240506T125320Z"] {
            let key = "[a]\naws_access_key_id = A\naws_secret_access_key = S\nexpiration = \(text)"
            #expect(try parse(key)["A"]?.expiresAt == 1_715_000_000)
        }
    }

    @Test func `a file of bearer tokens only`() throws {
        let file = try CredentialsFile(text: "[a]\nbearer_token = 0123456789abcdef", defaultAccount: "000000000000")
        #expect(file.principals.isEmpty && file.bearerTokens.count == 1)
    }

    @Test func `errors do not quote values`() throws {
        let error = #expect(throws: CredentialsFileError.self) {
            try parse("[a]\naws_access_key_id = A\naws_secret_access_key = hush\nrole = hush")
        }
        #expect(error.map { "\($0)".contains("hush") } == false)
    }

    @Test func `reads a file`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUIDs.v4()).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "[a]\naws_access_key_id = A\naws_secret_access_key = S\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        #expect(try CredentialsFile(path: path, defaultAccount: "000000000000").principals.count == 1)
        #expect(throws: CredentialsFileError.self) { try CredentialsFile(path: path + "x", defaultAccount: "0") }
    }
}
