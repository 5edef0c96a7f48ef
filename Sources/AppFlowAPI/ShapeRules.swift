// SPDX-License-Identifier: Apache-2.0

/// What a shape demands of plain values, in AWS's words.
extension Shape {
    /// Not AWS's rule, but neither PostgreSQL nor a C library could hold such a text.
    private static let noNUL = "Member must not contain the character NUL"

    /// Everything that is demanded, as AWS lists it for elements of lists and for keys and values of maps, whichever
    /// of it was broken.
    var rules: [String] {
        var rules: [String] = []
        if let maximum { rules.append(mostRule(maximum)) }
        if let minimum { rules.append(leastRule(minimum)) }
        if let pattern { rules.append(patternRule(pattern)) }
        if !allowedSet.isEmpty { rules.append(enumRule) }
        return rules
    }

    /// What a text breaks.
    func violations(of text: String) -> [String] {
        var violations: [String] = []
        let size = text.utf8.count
        if let maximum, size > maximum, text.unicodeScalars.count > maximum { violations.append(mostRule(maximum)) }
        if let minimum, size < minimum * 4, text.unicodeScalars.count < minimum {
            violations.append(leastRule(minimum))
        }
        if let pattern, !pattern.matches(text) { violations.append(patternRule(pattern)) }
        if !allowedSet.isEmpty, !allowedSet.contains(text) { violations.append(enumRule) }
        if text.utf8.contains(0) { violations.append(Self.noNUL) }
        return violations
    }

    /// What a number, or the size of a list or map, breaks.
    func violations(of number: Int) -> [String] {
        if let maximum, number > maximum { return [mostRule(maximum)] }
        if let minimum, number < minimum { return [leastRule(minimum)] }
        return []
    }

    private func mostRule(_ bound: Int) -> String { "Member must have \(measure) less than or equal to \(bound)" }

    private func leastRule(_ bound: Int) -> String { "Member must have \(measure) greater than or equal to \(bound)" }

    private func patternRule(_ pattern: Pattern) -> String {
        "Member must satisfy regular expression pattern: \(pattern.source)"
    }

    private var enumRule: String { "Member must satisfy enum value set: [\(allowedValues.joined(separator: ", "))]" }

    private var measure: String {
        switch kind {
        case .integer, .long: "value"
        default: "length"
        }
    }
}
