// SPDX-License-Identifier: Apache-2.0

/// How the name of a field type (`DATA_TYPE` and the like) makes values compare. Names that are not known compare as
/// text: they come from connectors and are never refused.
public enum TaskDataType: Sendable, Equatable {
    case text
    case number
    /// A date or a moment. Given as milliseconds since 1970 or in ISO-8601.
    case dateTime
    case boolean

    /// Reads a type's name without regard to case; a prefix such as `Edm.` does not matter.
    public init(name: String) {
        let lowered = name.lowercased()
        let bare = lowered.split(separator: ".").last.map(String.init) ?? lowered
        if Self.numbers.contains(bare) {
            self = .number
        } else if Self.dates.contains(bare) {
            self = .dateTime
        } else if bare == "boolean" || bare == "bool" {
            self = .boolean
        } else {
            self = .text
        }
    }

    private static let numbers: Set<String> = [
        "int", "integer", "long", "short", "byte", "sbyte", "double", "float", "single", "decimal", "number",
        "numeric", "currency", "percent", "bigint", "biginteger", "bigdecimal", "smallint", "tinyint", "int8", "int16",
        "int32", "int64",
    ]

    private static let dates: Set<String> = ["date", "datetime", "timestamp", "datetimeoffset", "datetimetz"]

    /// Whether a task's literal can be read as this type. Blanks around it do not matter.
    public func accepts(_ literal: String) -> Bool {
        switch self {
        case .text: true
        case .number: Self.isNumber(literal)
        case .dateTime: Self.microseconds(of: literal) != nil
        case .boolean: ["true", "false"].contains(Self.trimmed(literal).lowercased())
        }
    }

    /// Microseconds since 1970 of a moment in a task: milliseconds as digits, or ISO-8601. Nil for anything else.
    public static func microseconds(of literal: String) -> Int64? {
        let text = trimmed(literal)
        guard let milliseconds = Int64(text) else { return ISO8601.microseconds(of: text) }
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
        return overflow || !WireTimestamp.range.contains(product) ? nil : product
    }

    /// Decimal digits with an optional sign, point and exponent; neither `NaN`, `inf` nor hexadecimal.
    private static func isNumber(_ literal: String) -> Bool {
        let text = trimmed(literal)
        guard text.utf8.allSatisfy({ $0 &- 48 < 10 || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) }),
            let value = Double(text)
        else { return false }
        return value.isFinite
    }

    private static func trimmed(_ text: String) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let start = text.firstIndex(where: { !isBlank($0) }), let end = text.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(text[start...end])
    }
}
