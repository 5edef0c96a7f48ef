// SPDX-License-Identifier: Apache-2.0

public import JSON

/// A request whose operation is known, with the members that the path and the query carry.
public struct RoutedRequest: Sendable {
    public let operation: APIOperation
    /// `resourceArn` and `tagKeys`, decoded, where the operation has them.
    public let uriMembers: JSONObject
}

/// Finds the operation of a request.
public enum APIRouter {
    private static let tagsPrefix = "/tags/"

    private static let byPath: [String: APIOperation] = {
        var result: [String: APIOperation] = [:]
        for operation in ServiceModel.shared.operations where !operation.uri.hasPrefix(tagsPrefix) {
            result[operation.uri] = operation
        }
        return result
    }()

    private static let tagsByMethod: [String: APIOperation] = {
        var result: [String: APIOperation] = [:]
        for operation in ServiceModel.shared.operations where operation.uri.hasPrefix(tagsPrefix) {
            result[operation.method] = operation
        }
        return result
    }()

    /// Routes by method and path as they came on the wire, before any decoding: an encoded slash in an ARN must not part
    /// the path. An ARN that was not encoded is accepted, too: it is all that follows `/tags/`.
    ///
    /// Throws UnknownOperationException (404) if no operation has that method and path, MalformedHttpRequestException
    /// (400) for a broken percent escape.
    public static func route(
        method: String, rawPath: String, rawQuery: String
    ) throws(APIError) -> RoutedRequest {
        if let operation = byPath[rawPath], operation.method == method {
            return RoutedRequest(operation: operation, uriMembers: [:])
        }
        guard rawPath.hasPrefix(tagsPrefix), let operation = tagsByMethod[method] else {
            throw unknown(method, rawPath)
        }
        let label = rawPath.dropFirst(tagsPrefix.count)
        guard !label.isEmpty else { throw unknown(method, rawPath) }
        var members: JSONObject = ["resourceArn": .string(try decoded(label))]
        if takesTagKeys(operation), let keys = try tagKeys(rawQuery) { members["tagKeys"] = .array(keys) }
        return RoutedRequest(operation: operation, uriMembers: members)
    }

    private static func unknown(_ method: String, _ path: String) -> APIError {
        let wanted = byPath[path].map { "\(path) takes \($0.method), not \(method)." }
        return .unknownOperation(
            "The requested operation does not exist: "
                + (wanted ?? "there is nothing at \(MessageText.truncated("\(method) \(path)"))."))
    }

    private static func takesTagKeys(_ operation: APIOperation) -> Bool { operation.method == "DELETE" }

    /// The values of `tagKeys` in their order, nil if the query has none. A plus is a plus: tag keys may hold it, blanks
    /// they may not.
    private static func tagKeys(_ query: String) throws(APIError) -> [JSONValue]? {
        var keys: [JSONValue]?
        for pair in query.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard try decoded(halves[0]) == "tagKeys" else { continue }
            keys = (keys ?? []) + [.string(halves.count == 2 ? try decoded(halves[1]) : "")]
        }
        return keys
    }

    private static func decoded(_ text: Substring) throws(APIError) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var out: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                out.append(byte)
                continue
            }
            guard let high = hexDigit(bytes.next()), let low = hexDigit(bytes.next()) else { throw malformed }
            out.append(high << 4 | low)
        }
        guard let result = String(validating: out, as: UTF8.self) else { throw malformed }
        return result
    }

    private static let malformed = APIError.malformedRequest("The request's URI is not validly percent-encoded.")

    private static func hexDigit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let digit) where digit &- 48 < 10: digit - 48
        case .some(let letter) where (letter | 0x20) &- 97 < 6: (letter | 0x20) - 87
        default: nil
        }
    }
}
