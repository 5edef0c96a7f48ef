// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// An error as the API answers it: a code (the `x-amzn-ErrorType` header), an HTTP status and a message.
///
/// The message goes to the client as it is, so it must hold no secret, no record data and nothing of the inside.
public struct APIError: Error, Sendable, Equatable {
    /// Name of the error shape, such as `ValidationException`.
    public let code: String
    /// HTTP status, 400 to 599.
    public let status: Int
    public let message: String
    /// Seconds for the `Retry-After` header, if the client should come back.
    public let retryAfterSeconds: Int?

    public init(code: String, status: Int, message: String, retryAfterSeconds: Int? = nil) {
        self.code = code
        self.status = status
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// Looks the status up by the code: modelled errors by the service model, common ones by AWS's list of common
    /// errors. A code of neither is an internal fault and answers 500.
    public init(code: String, message: String) {
        self.init(code: code, status: Self.status(of: code) ?? 500, message: message)
    }

    /// The JSON body. Never empty: clients ignore the error's type when the body is.
    public var body: [UInt8] {
        (["message": .string(message)] as JSONObject).serialized()
    }

    /// The HTTP status of a known error code.
    public static func status(of code: String) -> Int? { statuses[code] }

    private static let statuses: [String: Int] = [
        // Modelled
        "ValidationException": 400, "ConnectorServerException": 400, "UnsupportedOperationException": 400,
        "ConnectorAuthenticationException": 401, "ServiceQuotaExceededException": 402, "AccessDeniedException": 403,
        "ResourceNotFoundException": 404, "ConflictException": 409, "ThrottlingException": 429,
        "InternalServerException": 500,
        // Common to AWS services
        "ExpiredTokenException": 403, "IncompleteSignature": 403, "InternalFailure": 500,
        "InvalidSignatureException": 403, "MalformedHttpRequestException": 400,
        "MissingAuthenticationTokenException": 403, "NotAuthorized": 401, "OptInRequired": 403,
        "RequestAbortedException": 400, "RequestEntityTooLargeException": 413, "RequestTimeoutException": 408,
        "SerializationException": 400, "ServiceUnavailable": 503, "UnknownOperationException": 404,
        "UnrecognizedClientException": 403, "ValidationError": 400,
    ]
}

extension APIError: CustomStringConvertible {
    public var description: String { "\(code): \(message)" }
}

extension APIError {
    /// 400: a constraint or a rule of the definition is broken.
    public static func validation(_ message: String) -> APIError {
        APIError(code: "ValidationException", message: message)
    }

    /// 409: the resource's state, name or client token stands against the request.
    public static func conflict(_ message: String) -> APIError { APIError(code: "ConflictException", message: message) }

    /// 404: no such resource.
    public static func notFound(_ message: String) -> APIError {
        APIError(code: "ResourceNotFoundException", message: message)
    }

    /// 402: a quota is used up.
    public static func quota(_ message: String) -> APIError {
        APIError(code: "ServiceQuotaExceededException", message: message)
    }

    /// 403: the caller may not do this.
    public static func accessDenied(_ message: String) -> APIError {
        APIError(code: "AccessDeniedException", message: message)
    }

    /// 400: the operation does not fit this resource, such as stopping an on-demand flow.
    public static func unsupported(_ message: String) -> APIError {
        APIError(code: "UnsupportedOperationException", message: message)
    }

    /// 400: the source or destination system refused or could not be reached.
    public static func connectorServer(_ message: String) -> APIError {
        APIError(code: "ConnectorServerException", message: message)
    }

    /// 401: the source or destination system refused the credentials.
    public static func connectorAuthentication(_ message: String) -> APIError {
        APIError(code: "ConnectorAuthenticationException", message: message)
    }

    /// 429: too many requests; clients retry.
    public static func throttling(_ message: String, retryAfterSeconds: Int? = nil) -> APIError {
        APIError(
            code: "ThrottlingException", status: 429, message: message, retryAfterSeconds: retryAfterSeconds)
    }

    /// 500: a fault of ours. The default message tells nothing of the inside.
    public static func internalServer(
        _ message: String = "The service could not complete the request because of an internal error."
    ) -> APIError {
        APIError(code: "InternalServerException", message: message)
    }

    /// 503: something that the service needs is down; clients retry.
    public static func unavailable(_ message: String, retryAfterSeconds: Int? = nil) -> APIError {
        APIError(code: "ServiceUnavailable", status: 503, message: message, retryAfterSeconds: retryAfterSeconds)
    }

    /// 400: the body is not JSON, or a member has another JSON type than the model's.
    public static func serialization(_ message: String) -> APIError {
        APIError(code: "SerializationException", message: message)
    }

    /// 400: the request itself is malformed, such as a broken percent escape.
    public static func malformedRequest(_ message: String) -> APIError {
        APIError(code: "MalformedHttpRequestException", message: message)
    }

    /// 413: the body is larger than the limit.
    public static func tooLarge(_ message: String) -> APIError {
        APIError(code: "RequestEntityTooLargeException", message: message)
    }

    /// 408: the request did not arrive in time.
    public static func requestTimeout(_ message: String) -> APIError {
        APIError(code: "RequestTimeoutException", message: message)
    }

    /// 404: no operation has this method and path.
    public static func unknownOperation(_ message: String) -> APIError {
        APIError(code: "UnknownOperationException", message: message)
    }

    /// 403: the signature does not match the request or is out of date.
    public static func invalidSignature(_ message: String) -> APIError {
        APIError(code: "InvalidSignatureException", message: message)
    }

    /// 403: the Authorization header is not complete.
    public static func incompleteSignature(_ message: String) -> APIError {
        APIError(code: "IncompleteSignature", message: message)
    }

    /// 403: the request is not signed.
    public static func missingAuthenticationToken(_ message: String) -> APIError {
        APIError(code: "MissingAuthenticationTokenException", message: message)
    }

    /// 403: the access key or session token is not known.
    public static func unrecognizedClient(_ message: String) -> APIError {
        APIError(code: "UnrecognizedClientException", message: message)
    }
}
