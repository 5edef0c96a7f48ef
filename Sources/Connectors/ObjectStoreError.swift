// SPDX-License-Identifier: Apache-2.0

/// Why a store could not do what was asked. Names buckets and keys, never credentials or content.
public struct ObjectStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case noSuchBucket = "NoSuchBucket"
        case noSuchKey = "NoSuchKey"
        case noSuchUpload = "NoSuchUpload"
        /// A part is missing, or is not the one whose ETag was given.
        case invalidPart = "InvalidPart"
        /// The key is not one that the store can hold.
        case invalidKey = "InvalidKey"
        /// The bucket's name breaks the rules for names.
        case invalidBucketName = "InvalidBucketName"
        case accessDenied = "AccessDenied"
        /// The object changed since it was listed.
        case preconditionFailed = "PreconditionFailed"
        /// The object is archived and must be restored first.
        case invalidObjectState = "InvalidObjectState"
        /// The bucket lives in another region.
        case wrongRegion = "PermanentRedirect"
        case outOfSpace = "OutOfSpace"
        /// Asked to slow down, more often than it is worth retrying now.
        case throttled = "SlowDown"
        /// No connection, or it broke or stalled more often than it is worth retrying now.
        case unreachable = "Unreachable"
        /// The store failed.
        case serverError = "InternalError"
        /// The store refused the request as such.
        case badRequest = "BadRequest"
        /// The store's answer is not what it should be.
        case badResponse = "BadResponse"
        case cancelled = "Cancelled"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same call may well succeed later.
    public var isRetriable: Bool {
        switch code {
        case .throttled, .unreachable, .serverError, .badResponse: true
        default: false
        }
    }

    public var description: String { "\(code.rawValue): \(message)" }

    static let cancelled = ObjectStoreError(.cancelled, "The transfer was cancelled.")
}
