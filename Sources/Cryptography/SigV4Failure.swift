// SPDX-License-Identifier: Apache-2.0

/// Why a request was not accepted as its caller's: AWS's code and text. Always HTTP status 403.
public struct SigV4Failure: Error, Sendable, Equatable, CustomStringConvertible {
    /// `MissingAuthenticationTokenException`, `IncompleteSignature`, `UnrecognizedClientException`,
    /// `InvalidSignatureException` or `ExpiredTokenException`.
    public let code: String
    /// Fit for the client: holds nothing secret.
    public let message: String

    public var description: String { "\(code): \(message)" }

    static let missingToken = SigV4Failure(
        code: "MissingAuthenticationTokenException", message: "Missing Authentication Token")
    static let unrecognizedClient = SigV4Failure(
        code: "UnrecognizedClientException", message: "The security token included in the request is invalid.")
    static let expiredToken = SigV4Failure(
        code: "ExpiredTokenException", message: "The security token included in the request is expired")
    static let mismatch = invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
            + "Key and signing method. Consult the service documentation for details.")

    static func incomplete(_ message: String) -> SigV4Failure {
        SigV4Failure(code: "IncompleteSignature", message: message)
    }

    static func invalid(_ message: String) -> SigV4Failure {
        SigV4Failure(code: "InvalidSignatureException", message: message)
    }
}
