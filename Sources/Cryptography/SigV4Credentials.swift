// SPDX-License-Identifier: Apache-2.0

/// An access key with its secret, and the session token if it is temporary. Its description shows no secret.
public struct SigV4Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    public let accessKey: String
    public let secretKey: String
    public let sessionToken: String?

    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    public var description: String { "SigV4Credentials(\(accessKey))" }
    public var debugDescription: String { description }
}

/// What whoever holds an access key may do.
public enum AccessRole: String, Sendable, CaseIterable {
    /// Everything.
    case full
    /// Describe and list only.
    case readOnly = "read-only"
}

/// The owner of an access key, as the server knows it. Its description shows no secret.
public struct SigV4Principal: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    public let secretKey: String
    public let sessionToken: String?
    /// The twelve-digit account that requests under this key act in.
    public let account: String
    public let role: AccessRole
    /// When the key ceases to be good, in seconds since 1970; nil if never.
    public let expiresAt: Int?

    public init(
        secretKey: String, sessionToken: String? = nil, account: String, role: AccessRole = .full,
        expiresAt: Int? = nil
    ) {
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.account = account
        self.role = role
        self.expiresAt = expiresAt
    }

    public var description: String { "SigV4Principal(account \(account), \(role.rawValue))" }
    public var debugDescription: String { description }
}

/// Who signed a verified request.
public struct VerifiedIdentity: Sendable, Equatable {
    public let accessKey: String
    public let account: String
    public let role: AccessRole
    /// The region of the credential scope.
    public let region: String

    public init(accessKey: String, account: String, role: AccessRole, region: String) {
        self.accessKey = accessKey
        self.account = account
        self.role = role
        self.region = region
    }
}
