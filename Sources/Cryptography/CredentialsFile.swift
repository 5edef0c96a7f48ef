// SPDX-License-Identifier: Apache-2.0

/// The access keys and bearer tokens that a server accepts, from an AWS-style credentials file:
///
/// ```
/// [alice]
/// aws_access_key_id = AKIDEXAMPLE
/// aws_secret_access_key = …
/// account = 123456789012
/// role = read-only
///
/// [dashboard]
/// bearer_token_sha256 = 9f86d081884c7d65…
/// expiration = 2027-01-01T00:00:00Z
/// ```
///
/// A section has an access key, or a bearer token (`bearer_token`, or its hash as `bearer_token_sha256`), or both.
/// `aws_session_token`, `account` (default: that of the service), `role` (`full`, the default, or `read-only`) and
/// `expiration` are optional. Other keys are ignored, and so are sections without any access key or token. Lines that
/// begin with `#` or `;` are comments.
public struct CredentialsFile: Sendable, Equatable {
    /// Owners by access key.
    public let principals: [String: SigV4Principal]
    public let bearerTokens: BearerTokens

    /// Reads a file of at most 1 MiB and parses it.
    public init(path: String, defaultAccount: String) throws(CredentialsFileError) {
        try self.init(bytes: try Self.contents(path: path), defaultAccount: defaultAccount)
    }

    /// Parses what `contents` returned.
    public init(bytes: [UInt8], defaultAccount: String) throws(CredentialsFileError) {
        try self.init(text: String(decoding: bytes, as: UTF8.self), defaultAccount: defaultAccount)
    }

    /// The bytes of a file of at most 1 MiB.
    public static func contents(path: String) throws(CredentialsFileError) -> [UInt8] {
        do {
            return try SmallFile.read(path: path)
        } catch {
            throw CredentialsFileError(line: 0, reason: error.reason)
        }
    }

    /// Parses the text of a file.
    public init(text: String, defaultAccount: String) throws(CredentialsFileError) {
        var entries = CredentialsSection.Entries()
        var section: CredentialsSection?
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            let line = Self.trimmed(line)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("[") {
                guard line.hasSuffix("]"), line.count > 2 else {
                    throw CredentialsFileError(line: number, reason: "is not a section header")
                }
                try section?.finish(defaultAccount: defaultAccount, into: &entries)
                section = CredentialsSection(name: String(Self.trimmed(line.dropFirst().dropLast())), line: number)
                continue
            }
            guard let equals = line.firstIndex(of: "=") else {
                throw CredentialsFileError(line: number, reason: "is neither a section header nor key = value")
            }
            guard section != nil else { throw CredentialsFileError(line: number, reason: "stands before any section") }
            let key = Self.trimmed(line[..<equals]).lowercased()
            let value = String(Self.trimmed(line[line.index(after: equals)...]))
            if section?.values.updateValue(value, forKey: key) != nil {
                throw CredentialsFileError(line: number, reason: "repeats a key of its section")
            }
        }
        try section?.finish(defaultAccount: defaultAccount, into: &entries)
        guard !entries.principals.isEmpty || !entries.bearers.isEmpty else {
            throw CredentialsFileError(line: 0, reason: "holds no access key and no bearer token")
        }
        principals = entries.principals
        bearerTokens = BearerTokens(entries.bearers)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let front = text.drop(while: \.isWhitespace)
        guard let last = front.lastIndex(where: { !$0.isWhitespace }) else { return front.prefix(0) }
        return front[...last]
    }
}

/// What is wrong with a credentials file. Never quotes its values.
public struct CredentialsFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line, from 1; 0 if the file as a whole is meant.
    public let line: Int
    public let reason: String

    public var description: String {
        line == 0 ? "credentials file \(reason)" : "credentials file: line \(line) \(reason)"
    }
}
