// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Walks a value along its shape and collects the constraints that it breaks, in AWS's words.
///
/// Structures inside lists get paths such as `tasks.1.member.taskType`. What plain elements of a list, or keys and
/// values of a map, break is told at the list or map, with everything that they must satisfy: `Member must satisfy
/// constraint: […]`, `Map keys must satisfy constraint: […]`.
struct ConstraintChecker {
    /// How many failures a message tells; all are counted.
    private static let maximumFailures = 20

    private enum PathComponent {
        case name(String)
        case element(Int)
        case entry(String)
    }

    private let model: ServiceModel
    private var path: [PathComponent] = []
    private var failures: [String] = []
    private var failureCount = 0

    init(model: ServiceModel) { self.model = model }

    /// The text of the ValidationException, nil if nothing was broken.
    var message: String? {
        guard failureCount > 0 else { return nil }
        let head = failureCount == 1 ? "1 validation error detected: " : "\(failureCount) validation errors detected: "
        let rest = failureCount > failures.count ? "; and \(failureCount - failures.count) more" : ""
        return head + failures.joined(separator: "; ") + rest
    }

    /// Checks one value. Answers a value to put in its place, nil to leave it.
    mutating func check(_ value: JSONValue, shape place: Int) throws(APIError) -> JSONValue? {
        let shape = model.shapes[place]
        switch shape.kind {
        case .structure(let structure): return try checkStructure(value, structure)
        case .list(let element): return try checkList(value, shape, element)
        case .map(let key, let entry): return try checkMap(value, shape, key, entry)
        default:
            let checked = try scalar(value, shape)
            for broken in checked.violations { fail(value, isSensitive: shape.isSensitive, broken) }
            return checked.replacement
        }
    }

    // MARK: Structures

    private mutating func checkStructure(
        _ value: JSONValue, _ structure: Shape.Structure
    ) throws(APIError) -> JSONValue? {
        guard case .object(let object) = value else { throw mismatch(value, "Structure") }
        var changed: JSONObject?
        for (key, member) in object {
            if case .null = member {
                changed = changed ?? object
                changed?[key] = nil
                continue
            }
            guard let index = structure.places[key] else { continue }
            path.append(.name(key))
            if let replacement = try check(member, shape: structure.members[index].shape) {
                changed = changed ?? object
                changed?[key] = replacement
            }
            path.removeLast()
        }
        let checked = changed ?? object
        for index in structure.required where checked[structure.members[index].name] == nil {
            path.append(.name(structure.members[index].name))
            failNull()
            path.removeLast()
        }
        return changed.map { .object($0) }
    }

    // MARK: Lists and maps

    private mutating func checkList(
        _ value: JSONValue, _ shape: Shape, _ elementPlace: Int
    ) throws(APIError) -> JSONValue? {
        guard case .array(let elements) = value else { throw mismatch(value, "List") }
        checkSize(elements.count, of: value, shape)
        let elementShape = model.shapes[elementPlace]
        var changed: [JSONValue]?
        var violations: [String] = []
        for (index, element) in elements.enumerated() {
            path.append(.element(index + 1))
            let replacement: JSONValue?
            if case .null = element {
                failNull()
                replacement = nil
            } else if elementShape.isScalar {
                let checked = try scalar(element, elementShape)
                merge(checked.violations, into: &violations)
                replacement = checked.replacement
            } else {
                replacement = try check(element, shape: elementPlace)
            }
            if let replacement {
                changed = changed ?? elements
                changed?[index] = replacement
            }
            path.removeLast()
        }
        if !violations.isEmpty {
            fail(
                value, isSensitive: elementShape.isSensitive,
                "Member must satisfy constraint: \(listed(violations, elementShape))")
        }
        return changed.map { .array($0) }
    }

    private mutating func checkMap(
        _ value: JSONValue, _ shape: Shape, _ keyPlace: Int, _ valuePlace: Int
    ) throws(APIError) -> JSONValue? {
        guard case .object(let object) = value else { throw mismatch(value, "Map") }
        let keyShape = model.shapes[keyPlace]
        let valueShape = model.shapes[valuePlace]
        var changed: JSONObject?
        var keyViolations: [String] = []
        var valueViolations: [String] = []
        for (key, entry) in object {
            if case .null = entry {
                changed = changed ?? object
                changed?[key] = nil
                continue
            }
            merge(try scalar(.string(key), keyShape).violations, into: &keyViolations)
            let replacement: JSONValue?
            path.append(.entry(keyShape.isSensitive ? "***" : key))
            if valueShape.isScalar {
                let checked = try scalar(entry, valueShape)
                merge(checked.violations, into: &valueViolations)
                replacement = checked.replacement
            } else {
                replacement = try check(entry, shape: valuePlace)
            }
            path.removeLast()
            if let replacement {
                changed = changed ?? object
                changed?[key] = replacement
            }
        }
        checkSize((changed ?? object).count, of: value, shape)
        let isSensitive = keyShape.isSensitive || valueShape.isSensitive
        if !keyViolations.isEmpty {
            fail(
                value, isSensitive: isSensitive,
                "Map keys must satisfy constraint: \(listed(keyViolations, keyShape))")
        }
        if !valueViolations.isEmpty {
            fail(
                value, isSensitive: isSensitive,
                "Map value must satisfy constraint: \(listed(valueViolations, valueShape))")
        }
        return changed.map { .object($0) }
    }

    private mutating func checkSize(_ count: Int, of value: JSONValue, _ shape: Shape) {
        let isSensitive = holdsSensitiveValues(shape)
        for broken in shape.violations(of: count) { fail(value, isSensitive: isSensitive, broken) }
    }

    private func holdsSensitiveValues(_ shape: Shape) -> Bool {
        switch shape.kind {
        case .list(let element): model.shapes[element].isSensitive
        case .map(let key, let value): model.shapes[key].isSensitive || model.shapes[value].isSensitive
        default: shape.isSensitive
        }
    }

    // MARK: Scalars

    private func scalar(
        _ value: JSONValue, _ shape: Shape
    ) throws(APIError) -> (replacement: JSONValue?, violations: [String]) {
        switch shape.kind {
        case .string:
            guard case .string(let text) = value else { throw mismatch(value, "String") }
            return (nil, shape.violations(of: text))
        case .integer:
            guard let number = value.intValue, Int32(exactly: number) != nil else { throw mismatch(value, "Integer") }
            return (nil, shape.violations(of: number))
        case .long:
            guard let number = value.intValue else { throw mismatch(value, "Long") }
            return (nil, shape.violations(of: number))
        case .double:
            guard value.doubleValue != nil else { throw mismatch(value, "Double") }
            return (nil, [])
        case .boolean:
            switch value {
            case .bool: return (nil, [])
            case .string("true"): return (.bool(true), [])
            case .string("false"): return (.bool(false), [])
            default: throw mismatch(value, "Boolean")
            }
        case .timestamp:
            guard WireTimestamp.parse(value) != nil else { throw mismatch(value, "Timestamp") }
            return (nil, [])
        case .structure, .list, .map: return (nil, [])
        }
    }

    // MARK: Failures

    private mutating func failNull() {
        failureCount += 1
        guard failures.count < Self.maximumFailures else { return }
        failures.append("Value null at '\(pathText)' failed to satisfy constraint: Member must not be null")
    }

    /// The model marks some credentials as sensitive and forgets others, such as refresh tokens: none of them is shown.
    private var isInCredentials: Bool {
        path.contains { if case .name("connectorProfileCredentials") = $0 { true } else { false } }
    }

    private mutating func fail(_ value: JSONValue, isSensitive: Bool, _ constraint: String) {
        failureCount += 1
        guard failures.count < Self.maximumFailures else { return }
        let shown = isSensitive || isInCredentials ? "Value" : "Value '\(MessageText.shown(value))'"
        failures.append("\(shown) at '\(pathText)' failed to satisfy constraint: \(constraint)")
    }

    private func merge(_ new: [String], into violations: inout [String]) {
        for violation in new where !violations.contains(violation) { violations.append(violation) }
    }

    /// All that elements must satisfy, as AWS tells it, and what of ours they break.
    private func listed(_ violations: [String], _ shape: Shape) -> String {
        let rules = shape.rules
        return "[\((rules + violations.filter { !rules.contains($0) }).joined(separator: ", "))]"
    }

    /// Names the JSON types and the place, never the value.
    private func mismatch(_ value: JSONValue, _ expected: String) -> APIError {
        let found =
            switch value {
            case .null: "NULL_VALUE"
            case .bool(true): "TRUE_VALUE"
            case .bool(false): "FALSE_VALUE"
            case .number: "NUMBER_VALUE"
            case .string: "STRING_VALUE"
            case .array: "START_ARRAY"
            case .object: "START_OBJECT"
            }
        return .serialization("\(found) can not be converted to \(expected) at '\(pathText)'")
    }

    private var pathText: String {
        var text = ""
        for (index, component) in path.enumerated() {
            if index > 0 { text += "." }
            switch component {
            case .name(let name): text += name
            case .element(let number): text += "\(number).member"
            case .entry(let key): text += "\(MessageText.truncated(key)).member"
            }
        }
        return text
    }
}

extension Shape {
    fileprivate var isScalar: Bool {
        switch kind {
        case .structure, .list, .map: false
        default: true
        }
    }
}
