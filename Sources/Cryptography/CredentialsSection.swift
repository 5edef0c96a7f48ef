// SPDX-License-Identifier: Apache-2.0

/// One section of a credentials file while it is read.
struct CredentialsSection {
    /// What the sections so far have brought.
    struct Entries {
        var principals: [String: SigV4Principal] = [:]
        var bearers: [BearerPrincipal] = []
    }

    /// Shorter tokens could be guessed.
    private static let shortestToken = 16

    let name: String
    let line: Int
    var values: [String: String] = [:]

    init(name: String, line: Int) {
        self.name = name
        self.line = line
    }

    /// Adds what the section says to the entries.
    func finish(defaultAccount: String, into entries: inout Entries) throws(CredentialsFileError) {
        let accessKey = value("aws_access_key_id")
        let secretKey = value("aws_secret_access_key")
        let token = try tokenDigest()
        if accessKey == nil && secretKey == nil && token == nil { return }
        let account = values["account"] ?? defaultAccount
        guard account.utf8.count == 12, account.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw failure("section's account is not twelve digits")
        }
        guard let role = AccessRole(rawValue: values["role"] ?? AccessRole.full.rawValue) else {
            throw failure("section's role is neither full nor read-only")
        }
        var end: Int?
        if let text = value("expiration") {
            guard let seconds = SigV4Time.parseExtended(text) else {
                throw failure("section's expiration is not of the form 2027-01-01T00:00:00Z")
            }
            end = seconds
        }
        if accessKey != nil || secretKey != nil {
            guard let accessKey, let secretKey else {
                throw failure("section needs both aws_access_key_id and aws_secret_access_key")
            }
            guard entries.principals[accessKey] == nil else { throw failure("section repeats an access key") }
            entries.principals[accessKey] = SigV4Principal(
                secretKey: secretKey, sessionToken: value("aws_session_token"), account: account, role: role,
                expiresAt: end)
        }
        if let token {
            guard isUserName else { throw failure("section's name is not 1 to 64 of A-Z a-z 0-9 + = , . @ _ -") }
            guard !entries.bearers.contains(where: { $0.digest == token }) else {
                throw failure("section repeats a bearer token")
            }
            entries.bearers.append(
                BearerPrincipal(name: name, digest: token, account: account, role: role, expiresAt: end))
        }
    }

    /// The value of a key; nil if it is absent or empty.
    private func value(_ key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }

    private func tokenDigest() throws(CredentialsFileError) -> [UInt8]? {
        let token = value("bearer_token")
        guard let hash = value("bearer_token_sha256") else {
            guard let token else { return nil }
            guard token.utf8.count >= Self.shortestToken, BearerTokens.isToken(token) else {
                throw failure(
                    "section's bearer_token is not at least \(Self.shortestToken) of A-Z a-z 0-9 - . _ ~ + /")
            }
            return SHA256.hash(token)
        }
        guard token == nil else { throw failure("section has both bearer_token and bearer_token_sha256") }
        guard let digest = Hex.decode(hash), digest.count == SHA256.digestLength else {
            throw failure("section's bearer_token_sha256 is not 64 hexadecimal digits")
        }
        return digest
    }

    /// Whether the name may stand in the ARN of a user.
    private var isUserName: Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "+=,.@_-".utf8.contains(byte)
                }
            }
    }

    private func failure(_ reason: String) -> CredentialsFileError { CredentialsFileError(line: line, reason: reason) }
}
