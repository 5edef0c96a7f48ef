// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The access keys that a server accepts, from an AWS-style credentials file:
///
/// ```
/// [alice]
/// aws_access_key_id = AKIDEXAMPLE
/// aws_secret_access_key = …
/// account = 123456789012
/// role = read-only
/// ```
///
/// `aws_session_token`, `account` (default: that of the service) and `role` (`full`, the default, or `read-only`) are
/// optional. Other keys are ignored, and so are sections without any access key. Lines that begin with `#` or `;` are
/// comments.
public struct CredentialsFile: Sendable, Equatable {
    /// Owners by access key.
    public let principals: [String: SigV4Principal]

    /// Reads a file of at most 1 MiB.
    public init(path: String, defaultAccount: String) throws(CredentialsFileError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw CredentialsFileError(line: 0, reason: "cannot be opened (errno \(errno))") }
        defer { close(file) }
        var bytes: [UInt8] = []
        while bytes.count <= 1 << 20 {
            let chunk = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                count = max(0, read(file, buffer.baseAddress, buffer.count))
            }
            if chunk.isEmpty { break }
            bytes.append(contentsOf: chunk)
        }
        guard bytes.count <= 1 << 20 else { throw CredentialsFileError(line: 0, reason: "is larger than 1 MiB") }
        try self.init(text: String(decoding: bytes, as: UTF8.self), defaultAccount: defaultAccount)
    }

    /// Parses the text of a file.
    public init(text: String, defaultAccount: String) throws(CredentialsFileError) {
        var principals: [String: SigV4Principal] = [:]
        var section: Section?
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            let line = Self.trimmed(line)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("[") {
                guard line.hasSuffix("]"), line.count > 2 else {
                    throw CredentialsFileError(line: number, reason: "is not a section header")
                }
                try section?.finish(defaultAccount: defaultAccount, into: &principals)
                section = Section(line: number)
                continue
            }
            guard let equals = line.firstIndex(of: "=") else {
                throw CredentialsFileError(line: number, reason: "is neither a section header nor key = value")
            }
            guard section != nil else { throw CredentialsFileError(line: number, reason: "stands before any section") }
            let key = Self.trimmed(line[..<equals]).lowercased()
            let value = String(Self.trimmed(line[line.index(after: equals)...]))
            if section?.values.updateValue(value, forKey: key) != nil {
                throw CredentialsFileError(line: number, reason: "repeats '\(key)'")
            }
        }
        try section?.finish(defaultAccount: defaultAccount, into: &principals)
        guard !principals.isEmpty else { throw CredentialsFileError(line: 0, reason: "holds no access key") }
        self.principals = principals
    }

    private struct Section {
        let line: Int
        var values: [String: String] = [:]

        func finish(
            defaultAccount: String, into principals: inout [String: SigV4Principal]
        ) throws(CredentialsFileError) {
            let accessKey = values["aws_access_key_id"] ?? ""
            let secretKey = values["aws_secret_access_key"] ?? ""
            if accessKey.isEmpty && secretKey.isEmpty { return }
            guard !accessKey.isEmpty, !secretKey.isEmpty else {
                throw CredentialsFileError(
                    line: line, reason: "section needs both aws_access_key_id and aws_secret_access_key")
            }
            let account = values["account"] ?? defaultAccount
            guard account.utf8.count == 12, account.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                throw CredentialsFileError(line: line, reason: "section's account is not twelve digits")
            }
            guard let role = AccessRole(rawValue: values["role"] ?? AccessRole.full.rawValue) else {
                throw CredentialsFileError(line: line, reason: "section's role is neither full nor read-only")
            }
            guard principals[accessKey] == nil else {
                throw CredentialsFileError(line: line, reason: "section repeats an access key")
            }
            let token = values["aws_session_token"].flatMap { $0.isEmpty ? nil : $0 }
            principals[accessKey] = SigV4Principal(
                secretKey: secretKey, sessionToken: token, account: account, role: role)
        }
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
