// SPDX-License-Identifier: Apache-2.0
import HTTPClient

/// Why KMS did not do what it was asked. Quotes nothing of its answer but the error's name: its words name principals.
public struct KMSError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The credentials of the service may not use the key.
        case denied
        /// There is no such key.
        case unknownKey
        /// The key is disabled, or about to be deleted.
        case disabledKey
        /// KMS cannot make anything of the key's name, or the key is for something else.
        case unusableKey
        /// What is to be decrypted was not encrypted with this key and context, or was changed.
        case wrongCiphertext
        /// KMS does not know who asks, or may not be asked at this address: a matter of the configuration.
        case misconfigured
        /// KMS cannot be reached, is slow, has too much to do or has a fault: the same may succeed later.
        case unavailable
    }

    public let kind: Kind
    /// The error's name in KMS's API; empty when it did not answer.
    public let code: String
    private let reason: String

    init(_ kind: Kind, code: String, _ reason: String) {
        self.kind = kind
        self.code = code
        self.reason = reason
    }

    init(_ error: HTTPClientError) {
        switch error.code {
        case .refusedAddress, .invalidRequest: self.init(.misconfigured, code: "", error.message)
        default: self.init(.unavailable, code: "", error.message)
        }
    }

    /// - Parameter type: `com.amazonaws.kms#NotFoundException`, `NotFoundException:http://…` or `NotFoundException`.
    init(status: Int, type: String?) {
        let name = type?.prefix { $0 != ":" }.split(separator: "#").last.map(String.init) ?? ""
        // It goes into logs and messages.
        let code = name.utf8.count <= 64 && name.utf8.allSatisfy(Self.isNameByte) ? name : ""
        let kind = Self.kinds[code] ?? (status == 429 || status >= 500 ? .unavailable : .unusableKey)
        self.init(kind, code: code, "KMS answered \(status)\(code.isEmpty ? "" : " " + code)")
    }

    private static let kinds: [String: Kind] = [
        "AccessDeniedException": .denied, "AccessDenied": .denied,
        "NotFoundException": .unknownKey,
        "DisabledException": .disabledKey, "KMSInvalidStateException": .disabledKey,
        "InvalidCiphertextException": .wrongCiphertext, "IncorrectKeyException": .wrongCiphertext,
        "UnrecognizedClientException": .misconfigured, "InvalidClientTokenId": .misconfigured,
        "InvalidSignatureException": .misconfigured, "SignatureDoesNotMatch": .misconfigured,
        "IncompleteSignature": .misconfigured, "MissingAuthenticationTokenException": .misconfigured,
        "MissingAuthenticationToken": .misconfigured, "ExpiredTokenException": .misconfigured,
        "OptInRequired": .misconfigured, "UnknownOperationException": .misconfigured,
        "ThrottlingException": .unavailable, "LimitExceededException": .unavailable,
        "RequestExpired": .unavailable,
    ]

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
    }

    /// Whether the same call may well succeed later.
    public var isRetriable: Bool { kind == .unavailable }

    public var description: String { "KMS: \(reason)" }
}
