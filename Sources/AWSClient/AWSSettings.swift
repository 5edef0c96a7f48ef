// SPDX-License-Identifier: Apache-2.0
public import Cryptography

/// What all calls to AWS's services have in common: who signs them and where they may go. Its description shows no
/// secret.
public struct AWSSettings: Sendable, Equatable {
    public var region = "us-east-1"
    /// Requests go unsigned without them.
    public var credentials: SigV4Credentials?
    /// Whether link-local and metadata addresses may be reached.
    public var allowsLinkLocal = false
    /// A file of certificates to trust instead of the system's.
    public var certificateFile: String?

    public init() {}

    /// Reads `AWS_REGION` or `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
    /// `AWS_CA_BUNDLE` and `MILLRACE_ALLOW_LINK_LOCAL`. An empty value counts as none.
    public init(environment: [String: String]) throws(AWSSettingsError) {
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            guard let text = Self.value(variable, in: environment) else { continue }
            guard text.utf8.count <= 64, text.utf8.allSatisfy(Self.isRegionByte) else {
                throw AWSSettingsError(variable: variable, reason: "is not the name of a region")
            }
            region = text
            break
        }
        switch (
            Self.value("AWS_ACCESS_KEY_ID", in: environment), Self.value("AWS_SECRET_ACCESS_KEY", in: environment)
        ) {
        case (let accessKey?, let secretKey?):
            credentials = SigV4Credentials(
                accessKey: accessKey, secretKey: secretKey,
                sessionToken: Self.value("AWS_SESSION_TOKEN", in: environment))
        case (_?, nil): throw AWSSettingsError(variable: "AWS_SECRET_ACCESS_KEY", reason: "is missing")
        case (nil, _?): throw AWSSettingsError(variable: "AWS_ACCESS_KEY_ID", reason: "is missing")
        case (nil, nil): break
        }
        certificateFile = Self.value("AWS_CA_BUNDLE", in: environment)
        if let allowed = try Self.flag("MILLRACE_ALLOW_LINK_LOCAL", in: environment) { allowsLinkLocal = allowed }
    }

    /// Where a service is: `AWS_ENDPOINT_URL_<SERVICE>` or `AWS_ENDPOINT_URL`, as AWS's own tools read them.
    /// - Returns: nil when neither is set.
    public static func endpoint(
        of service: String, in environment: [String: String]
    ) throws(AWSSettingsError) -> (text: String, endpoint: AWSEndpoint)? {
        for variable in ["AWS_ENDPOINT_URL_\(service)", "AWS_ENDPOINT_URL"] {
            guard let text = value(variable, in: environment) else { continue }
            guard let endpoint = AWSEndpoint(text) else {
                throw AWSSettingsError(
                    variable: variable, reason: "is not a URL of the form http://host[:port] or https://host[:port]")
            }
            return (text, endpoint)
        }
        return nil
    }

    /// The value of a variable; nil when it is absent or empty.
    public static func value(_ variable: String, in environment: [String: String]) -> String? {
        environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether a variable is on; nil when it is absent or empty.
    public static func flag(
        _ variable: String, in environment: [String: String]
    ) throws(AWSSettingsError) -> Bool? {
        switch value(variable, in: environment)?.lowercased() {
        case nil: return nil
        case "1", "true", "on", "yes": return true
        case "0", "false", "off", "no": return false
        default: throw AWSSettingsError(variable: variable, reason: "is neither on nor off")
        }
    }

    private static func isRegionByte(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
    }
}

/// A setting that cannot be used. Never quotes a value.
public struct AWSSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    public let variable: String
    public let reason: String

    public init(variable: String, reason: String) {
        self.variable = variable
        self.reason = reason
    }

    public var description: String { "\(variable) \(reason)" }
}
