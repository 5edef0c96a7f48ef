// SPDX-License-Identifier: Apache-2.0
import HTTPClient

/// What a failed exchange with S3 means: an error for the caller, and whether to try once more.
struct S3Failure {
    let error: ObjectStoreError
    let isRetriable: Bool
    /// The server's own wish, in milliseconds.
    var retryAfterMilliseconds: Int?
    /// The server's clock is not ours: its time is in the answer's `Date`.
    var isSkewed = false

    init(error: ObjectStoreError, isRetriable: Bool) {
        self.error = error
        self.isRetriable = isRetriable
    }

    /// - Parameter subject: what was asked for, such as `s3://bucket/key`.
    init(_ failure: HTTPClientError, subject: String) {
        switch failure.code {
        case .cancelled: error = .cancelled
        case .refusedAddress: error = ObjectStoreError(.accessDenied, "\(subject): \(failure.message).")
        case .invalidRequest: error = ObjectStoreError(.badRequest, "\(subject): \(failure.message).")
        case .tooLarge, .badResponse: error = ObjectStoreError(.badResponse, "\(subject): \(failure.message).")
        default: error = ObjectStoreError(.unreachable, "\(subject): \(failure.message).")
        }
        isRetriable = failure.isRetriable
    }

    /// - Parameters:
    ///   - body: of the answer; empty for HEAD.
    init(_ response: HTTPClientResponse, body: [UInt8], subject: String) {
        let document = XMLElement.parse(body)
        let root = document?.name == "Error" ? document : nil
        self.init(
            status: response.status, code: root?.text("Code") ?? "", message: root?.text("Message") ?? "",
            region: response.header("x-amz-bucket-region") ?? root?.text("Region"), subject: subject)
        if let seconds = response.header("retry-after").flatMap({ Int($0) }), seconds >= 0 {
            retryAfterMilliseconds = min(seconds, 60) * 1000
        }
    }

    /// - Parameter status: 200 for an error that came in the body of a success.
    init(status: Int, code: String, message: String, region: String?, subject: String) {
        let kind = Self.kind(code) ?? Self.kind(status)
        var text = Self.printable(message)
        if kind == .wrongRegion, let region { text = "the bucket is in region \(Self.printable(region))" }
        if text.isEmpty { text = "status \(status)" }
        error = ObjectStoreError(kind, "\(subject): \(code.isEmpty ? "" : Self.printable(code) + ": ")\(text)")
        isSkewed = code == "RequestTimeTooSkewed"
        isRetriable =
            isSkewed || kind == .throttled || kind == .serverError
            || ["RequestTimeout", "OperationAborted", "TemporaryRedirect", "BadDigest"].contains(code)
            || status == 408 || status == 307
    }

    private static func kind(_ code: String) -> ObjectStoreError.Code? {
        switch code {
        case "NoSuchBucket": .noSuchBucket
        case "NoSuchKey": .noSuchKey
        case "NoSuchUpload": .noSuchUpload
        case "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "EntityTooLarge": .invalidPart
        case "InvalidBucketName": .invalidBucketName
        case "KeyTooLongError", "KeyTooLong", "XMinioInvalidObjectName": .invalidKey
        case "AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "SignatureDoesNotMatch",
            "ExpiredToken", "InvalidToken", "InvalidSecurity", "NotSignedUp", "RequestTimeTooSkewed":
            .accessDenied
        case "PreconditionFailed": .preconditionFailed
        case "InvalidObjectState": .invalidObjectState
        case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException": .wrongRegion
        case "SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "TooManyRequests", "Throttling",
            "ThrottlingException", "RequestLimitExceeded", "Busy":
            .throttled
        case "InternalError": .serverError
        case "XMinioStorageFull", "QuotaExceeded": .outOfSpace
        default: nil
        }
    }

    private static func kind(_ status: Int) -> ObjectStoreError.Code {
        switch status {
        case 301: .wrongRegion
        case 401, 403: .accessDenied
        case 404: .noSuchKey
        case 412: .preconditionFailed
        case 429, 503: .throttled
        case 501: .badRequest
        case 507: .outOfSpace
        case 200, 500...599: .serverError
        default: .badRequest
        }
    }

    /// A server's words, fit for one line of a log.
    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(300).map { $0.value < 0x20 ? " " : $0 }))
    }
}
