// SPDX-License-Identifier: Apache-2.0

/// The base of a service's URLs, taken apart.
public struct AWSEndpoint: Sendable, Equatable {
    public let scheme: String
    /// With the port, if that is not the scheme's own.
    public let authority: String
    /// Empty, or begins with a slash and does not end in one.
    public let path: String

    /// Nil unless the URL is `http` or `https` with a host and without user, query or fragment.
    public init?(_ url: String) {
        let lower = url.lowercased()
        let scheme = lower.hasPrefix("https://") ? "https" : lower.hasPrefix("http://") ? "http" : nil
        guard let scheme else { return nil }
        let rest = url.dropFirst(scheme.count + 3)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash].lowercased()
        var path = String(rest[slash...])
        while path.hasSuffix("/") { path.removeLast() }
        let allowed = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"@?#\\\"<>".utf8.contains($0) }
        let suffix = scheme == "https" ? ":443" : ":80"
        if authority.hasSuffix(suffix) { authority.removeLast(suffix.count) }
        let port = authority.hasSuffix("]") ? nil : authority.lastIndex(of: ":")
        if let port {
            guard let number = Int(authority[authority.index(after: port)...]), (1...65535).contains(number) else {
                return nil
            }
        }
        guard allowed, !authority[..<(port ?? authority.endIndex)].isEmpty else { return nil }
        self.scheme = scheme
        self.authority = authority
        self.path = path
    }
}
