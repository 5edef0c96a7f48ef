// SPDX-License-Identifier: Apache-2.0

/// How a filter wants a value to stand to its literals.
enum Relation: Sendable {
    case equal
    case notEqual
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual
    /// Above the first literal and below the second, both exclusive.
    case between
}

/// What a filter demands of a value. Flat, so that a loop over values touches no reference counts.
struct Comparison<Literal: Sendable>: Sendable {
    let relation: Relation
    /// For equality any number, for `between` two, else one.
    let literals: [Literal]

    /// Whether a null, a field that is not there or a value that is not of the type matches: it is equal to nothing and
    /// not ordered, so that only "not equal" does.
    var matchesMissing: Bool { relation == .notEqual }

    /// Whether a value matches.
    ///
    /// - Parameters:
    ///   - literals: this comparison's own, in place.
    ///   - order: -1, 0 or 1 as the value is below, equal to or above a literal; nil if it is not of the type.
    @inline(__always)
    static func matches(
        _ relation: Relation, _ literals: UnsafeBufferPointer<Literal>, _ order: (UnsafePointer<Literal>) -> Int?
    ) -> Bool {
        guard var literal = literals.baseAddress else { return relation == .notEqual }
        switch relation {
        case .equal, .notEqual:
            let end = literal + literals.count
            while literal < end {
                if order(literal) == 0 { return relation == .equal }
                literal += 1
            }
            return relation == .notEqual
        case .between:
            guard let above = order(literal), above > 0, let below = order(literal + 1) else { return false }
            return below < 0
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard let result = order(literal) else { return false }
            switch relation {
            case .less: return result < 0
            case .lessOrEqual: return result <= 0
            case .greater: return result > 0
            default: return result >= 0
            }
        }
    }
}
