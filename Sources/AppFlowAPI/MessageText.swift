// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Values as error messages show them: as Java prints them, and never much of a long one.
enum MessageText {
    /// Characters of a value that a message shows at most.
    static let maximumLength = 256

    static func truncated(_ text: String) -> String {
        guard text.utf8.count > maximumLength else { return text }
        let scalars = text.unicodeScalars.prefix(maximumLength)
        return scalars.count == text.unicodeScalars.count ? text : String(String.UnicodeScalarView(scalars)) + "…"
    }

    static func shown(_ value: JSONValue) -> String {
        var text = ""
        write(value, into: &text)
        return truncated(text)
    }

    private static func write(_ value: JSONValue, into text: inout String) {
        // Enough to be cut: no need to print the rest of a hostile list.
        guard text.utf8.count <= maximumLength * 4 else { return }
        switch value {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .number(let number): text += number.text
        case .string(let string): text += string
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                write(element, into: &text)
                if text.utf8.count > maximumLength * 4 { return }
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", " }
                text += "\(member.key)="
                write(member.value, into: &text)
                if text.utf8.count > maximumLength * 4 { return }
            }
            text += "}"
        }
    }
}
