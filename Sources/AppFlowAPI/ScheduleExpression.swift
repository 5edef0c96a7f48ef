// SPDX-License-Identifier: Apache-2.0

/// When a scheduled flow runs: `rate(5minutes)` or `cron(0 1 * * ? *)`, as AppFlow writes them and as EventBridge does.
public enum ScheduleExpression: Sendable, Equatable {
    case rate(seconds: Int64)
    /// Months have no fixed length.
    case months(Int64)
    /// Minutes, hours, days of month, months, days of week, years.
    case cron([String])

    private static let units: [String: Int64] = ["minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800]

    /// Reads an expression; nil for anything else. Blanks and the plural do not matter.
    public init?(_ text: String) {
        guard let open = text.firstIndex(of: "("), text.last == ")" else { return nil }
        let body = text[text.index(after: open)...].dropLast()
        switch text[..<open] {
        case "rate":
            guard let rate = Self.rate(body) else { return nil }
            self = rate
        case "cron":
            let fields = body.split(separator: " ").map(String.init)
            guard CronFields.areValid(fields) else { return nil }
            self = .cron(fields)
        default: return nil
        }
    }

    /// The shortest time between two runs, where that is plain.
    public var leastSeconds: Int64? {
        switch self {
        case .rate(let seconds): seconds
        case .months: 28 * 86_400
        case .cron(let fields): CronFields.leastSeconds(fields)
        }
    }

    private static func rate(_ body: Substring) -> ScheduleExpression? {
        let text = body.drop { $0 == " " }
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let count = Int64(digits), count >= 1, count <= 1_000_000 else { return nil }
        var unit = text.dropFirst(digits.count).drop { $0 == " " }
        while unit.last == " " { unit.removeLast() }
        if unit.last == "s" { unit.removeLast() }
        if unit == "month" { return .months(count) }
        return units[String(unit)].map { .rate(seconds: count * $0) }
    }
}

/// The six fields of a cron expression as EventBridge reads them.
enum CronFields {
    private struct Field {
        let range: ClosedRange<Int>
        var names: [String] = []
        /// Characters that stand for more than numbers.
        var specials = ""
        /// Whether a range may go on beyond the end at the beginning: `22-2` hours, `NOV-FEB`.
        var isCyclic = true
    }

    private static let fields = [
        Field(range: 0...59), Field(range: 0...23), Field(range: 1...31, specials: "?LW"),
        Field(
            range: 1...12,
            names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
        Field(range: 1...7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], specials: "?L#"),
        Field(range: 1970...2199, isCyclic: false),
    ]

    static func areValid(_ texts: [String]) -> Bool {
        guard texts.count == fields.count else { return false }
        // One of the two kinds of days must be left open.
        guard (texts[2] == "?") != (texts[4] == "?") else { return false }
        return zip(texts, fields).allSatisfy { text, field in
            text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { isValid($0, field) }
        }
    }

    /// The least gap that the minutes and hours alone tell; nil where it takes the calendar.
    static func leastSeconds(_ texts: [String]) -> Int64? {
        guard texts.count == fields.count else { return nil }
        guard let minutes = values(texts[0], fields[0]), let hours = values(texts[1], fields[1]) else { return nil }
        let moments = hours.flatMap { hour in minutes.map { hour * 60 + $0 } }
        var least = 1_440
        for (left, right) in zip(moments, moments.dropFirst()) { least = min(least, right - left) }
        // From the last of a day to the first of the next, unless only single days are named.
        if !texts[2].isSingleDay && !texts[4].isSingleDay {
            least = min(least, 1_440 - moments[moments.count - 1] + moments[0])
        }
        return Int64(least) * 60
    }

    private static func values(_ text: String, _ field: Field) -> [Int]? {
        var found = Set<Int>()
        for part in text.split(separator: ",") {
            let halves = part.split(separator: "/")
            var (low, high) = (field.range.lowerBound, field.range.upperBound)
            if halves[0] != "*" {
                let ends = halves[0].split(separator: "-").compactMap { Int($0) }
                guard let first = ends.first else { return nil }
                low = first
                high = ends.count == 2 ? ends[1] : (halves.count == 2 ? high : first)
            }
            let step = halves.count == 2 ? Int(halves[1]) ?? 1 : 1
            guard step > 0 else { return nil }
            let (first, count) = (field.range.lowerBound, field.range.count)
            let end = high < low ? high + count : high
            for value in stride(from: low, through: end, by: step) { found.insert((value - first) % count + first) }
        }
        return found.isEmpty ? nil : found.sorted()
    }

    private static func isValid(_ text: Substring, _ field: Field) -> Bool {
        if text == "*" { return true }
        if text == "?" { return field.specials.contains("?") }
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        if halves.count == 2 {
            guard let step = Int(halves[1]), step > 0, step <= field.range.upperBound else { return false }
            if halves[0] == "*" { return true }
        }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { return false }
        if ends.count == 1 { return number(ends[0], field) != nil || isSpecial(ends[0], field) }
        guard let low = number(ends[0], field), let high = number(ends[1], field) else { return false }
        return low <= high || field.isCyclic
    }

    private static func number(_ text: Substring, _ field: Field) -> Int? {
        if let value = Int(text) { return field.range.contains(value) && text.first != "+" ? value : nil }
        return field.names.firstIndex(of: text.uppercased()).map { $0 + field.range.lowerBound }
    }

    /// `L`, `LW`, `15W`, `6L`, `3#2`.
    private static func isSpecial(_ text: Substring, _ field: Field) -> Bool {
        if text == "L" { return field.specials.contains("L") }
        if text == "LW" { return field.specials.contains("W") }
        if text.last == "W" { return field.specials.contains("W") && number(text.dropLast(), field) != nil }
        if text.last == "L" { return field.specials.contains("#") && number(text.dropLast(), field) != nil }
        let parts = text.split(separator: "#", omittingEmptySubsequences: false)
        guard parts.count == 2, field.specials.contains("#"), let week = Int(parts[1]) else { return false }
        return number(parts[0], field) != nil && (1...5).contains(week)
    }
}

extension String {
    /// Of a cron expression's field of days: one day of a week or month, so that none follows upon another.
    fileprivate var isSingleDay: Bool { self != "?" && self != "*" && !contains { ",-/".contains($0) } }
}
