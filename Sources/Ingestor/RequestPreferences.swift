// SPDX-License-Identifier: Apache-2.0
import FlowDomain
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

    /// The revisions that `If-Match` names; nil where it names none or any (`*`). What is none of our entity tags matches
    /// nothing. A tag that a proxy has weakened on its way still names its revision.
    static func expectedRevisions(_ request: HTTPRequest) -> [Int64]? {
        let values = request.headers.all("if-match")
        if values.isEmpty { return nil }
        let tags = values.flatMap { $0.split(separator: ",") }.map { trimmed($0) }
        if tags.contains("*") { return nil }
        return tags.compactMap { tag in
            var text = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...]
            if text.count >= 2, text.first == "\"", text.last == "\"" { text = text.dropFirst().dropLast() }
            return Int64(text)
        }
    }

    /// The entity tag of a definition's revision.
    static func entityTag(_ revision: Int64) -> String { "\"\(revision)\"" }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return String(text)
    }
}
