// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import HTTPServer

/// What a request's headers ask for beside its operation.
enum RequestPreferences {
    /// `Prefer: respond-async` (RFC 7240): an answer before the outcome.
    static func wantsAsync(_ request: HTTPRequest) -> Bool {
        request.headers.all("prefer").contains { value in
            value.split(separator: ",").contains { item in
                let name = item.split(separator: ";", omittingEmptySubsequences: false)[0]
                return trimmed(name).lowercased() == "respond-async"
            }
        }
    }

    /// Refuses a compressed body by name: its bytes would be refused as no JSON.
    /// - Throws: MalformedHttpRequestException.
    static func checkCoding(_ request: HTTPRequest) throws(APIError) {
        guard !request.body.isEmpty,
            let coding = request.headers.all("content-encoding").first(where: { $0.lowercased() != "identity" })
        else { return }
        throw .malformedRequest("The request's body must not be encoded; its Content-Encoding is \(coding.prefix(64)).")
    }

    /// Operations that compare what is there with `If-Match`.
    private static let conditional = ["UpdateFlow", "DeleteFlow"]

    /// Refuses an operation that would pass over the request's condition: whoever sends one expects to be protected by it.
    /// No SDK sends one by itself.
    /// - Throws: ValidationException.
    static func checkCondition(_ request: HTTPRequest, operation: String) throws(APIError) {
        if request.headers.all("if-match").isEmpty || conditional.contains(operation) { return }
        throw .validation(
            "\(operation) does not honor If-Match, which \(conditional.joined(separator: " and ")) do: send it without."
        )
    }

    /// The entity tags that `If-Match` names, without quotes; nil where it is absent or `*`. They are compared strongly
    /// (RFC 9110, section 13.1.1), so a weak one is as good as none.
    /// - Throws: ValidationException for what is no list of entity tags: passed over, it would protect nobody.
    static func expectedTags(_ request: HTTPRequest) throws(APIError) -> [String]? {
        let values = request.headers.all("if-match")
        if values.isEmpty { return nil }
        let text = values.joined(separator: ",")
        if trimmed(text[...]) == "*" { return nil }
        guard let tags = strongTags(text) else {
            throw .validation(
                "If-Match must be * or a list of entity tags in double quotes, as the header ETag of an answer has them."
            )
        }
        return tags
    }

    /// The strong ones of a list of entity tags, which may hold commas; nil for anything else.
    private static func strongTags(_ text: String) -> [String]? {
        var tags: [String] = []
        var rest = text.utf8[...]
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
            if rest.isEmpty { return tags }
            let isWeak = rest.starts(with: "W/".utf8)
            if isWeak { rest = rest.dropFirst(2) }
            guard rest.first == UInt8(ascii: "\"") else { return nil }
            let quoted = rest.dropFirst()
            guard let end = quoted.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            if !isWeak { tags.append(String(quoted[..<end]) ?? "") }
            rest = quoted[quoted.index(after: end)...].drop { $0 == 0x20 || $0 == 0x09 }
            guard rest.first == nil || rest.first == UInt8(ascii: ",") else { return nil }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return String(text)
    }
}
