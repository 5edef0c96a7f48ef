// SPDX-License-Identifier: Apache-2.0

/// The owner of a bearer token, as the server knows it. It holds the token's hash only.
public struct BearerPrincipal: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    public let name: String
    /// SHA-256 of the token.
    let digest: [UInt8]
    /// The twelve-digit account that requests with this token act in.
    public let account: String
    public let role: AccessRole
    /// When the token ceases to be good, in seconds since 1970; nil if never.
    public let expiresAt: Int?

    init(name: String, digest: [UInt8], account: String, role: AccessRole = .full, expiresAt: Int? = nil) {
        self.name = name
        self.digest = digest
        self.account = account
        self.role = role
        self.expiresAt = expiresAt
    }

    public var description: String { "BearerPrincipal(\(name), account \(account), \(role.rawValue))" }
    public var debugDescription: String { description }
}

/// The bearer tokens (RFC 6750) that a server accepts.
public struct BearerTokens: Sendable, Equatable {
    private static let scheme = "bearer"
    /// Longer ones are refused unread.
    private static let longestToken = 4096

    private let principals: [BearerPrincipal]

    init(_ principals: [BearerPrincipal]) { self.principals = principals }

    public var count: Int { principals.count }

    /// Whether an `Authorization` header is of this kind, whatever else it holds.
    public static func isBearer(_ authorization: String) -> Bool {
        let bytes = authorization.utf8
        return bytes.prefix(scheme.utf8.count).elementsEqual(scheme.utf8) { $0 | 0x20 == $1 }
            && bytes.dropFirst(scheme.utf8.count).first.map { $0 == UInt8(ascii: " ") } ?? true
    }

    /// Who sent an `Authorization: Bearer …` header.
    /// - Parameter now: seconds since 1970.
    public func verify(_ authorization: String, now: Int) -> Result<BearerPrincipal, SigV4Failure> {
        let token = String(authorization.dropFirst(Self.scheme.count).drop(while: { $0 == " " }))
        guard token.utf8.count <= Self.longestToken, Self.isToken(token) else {
            return .failure(.incomplete("Authorization header is not of the form 'Bearer' and a token."))
        }
        guard let owner = owner(of: token) else { return .failure(.unrecognizedClient) }
        if let end = owner.expiresAt, end <= now { return .failure(.expiredToken) }
        return .success(owner)
    }

    /// Compares with every token, each in constant time, so that the time taken tells nothing of any of them.
    private func owner(of token: String) -> BearerPrincipal? {
        let digest = SHA256.hash(token)
        var found: BearerPrincipal?
        for principal in principals where ConstantTime.equal(principal.digest, digest) { found = principal }
        return found
    }

    /// RFC 6750 §2.1: letters, digits and `-._~+/`, then any number of `=`.
    static func isToken(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let last = bytes.lastIndex(where: { $0 != UInt8(ascii: "=") }) else { return false }
        return bytes[...last].allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}
