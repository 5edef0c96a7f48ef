// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import AppFlowAPI

/// Builds an input with every member from the model, then breaks one constraint at a time at every place of it.
@Suite struct ModelWalkTests {
    private let model = ServiceModel.shared

    @Test(arguments: APIOperation.all.map(\.name))
    func everyConstraintIsChecked(_ name: String) throws {
        let operation = try #require(APIOperation.named(name))
        let shape = try #require(model.input(of: operation))
        let full = value(of: shape)
        guard case .object(let input) = full else {
            Issue.record("\(operation.name) has no structure as its input")
            return
        }
        #expect(throws: Never.self) { try RequestValidator.validate(input, shape: shape) }

        var count = 0
        walk(full, shape, path: "") { broken, code, texts in
            count += 1
            do throws(APIError) {
                _ = try RequestValidator.validate(broken.objectValue ?? [:], shape: shape)
                Issue.record("\(operation.name) accepts what must fail with \(texts)")
            } catch {
                #expect(error.code == code, "\(operation.name) \(texts): \(error.message)")
                for text in texts { #expect(error.message.contains(text), "\(operation.name): \(error.message)") }
            }
        }
        #expect(count > 0)
    }

    /// Also from outside, through the body: an input of only the required members passes, `null` for one does not.
    @Test(arguments: APIOperation.all.map(\.name))
    func requiredMembersSuffice(_ name: String) throws {
        let operation = try #require(APIOperation.named(name))
        let place = try #require(model.input(of: operation))
        guard case .structure(let structure) = model.shapes[place].kind else { return }
        var body: JSONObject = [:]
        var bound: JSONObject = [:]
        for index in structure.required {
            let member = structure.members[index]
            if member.location == .body {
                body[member.name] = value(of: member.shape)
            } else {
                bound[member.name] = value(of: member.shape)
            }
        }
        let input = try RequestValidator.validate(operation: operation, uriMembers: bound, body: body.serialized())
        #expect(input.count == structure.required.count)
        for key in body.keys {
            var broken = body
            broken[key] = .null
            let error = #expect(throws: APIError.self) {
                try RequestValidator.validate(operation: operation, uriMembers: bound, body: broken.serialized())
            }
            #expect(
                error?.message.contains("Value null at '\(key)' failed to satisfy constraint: Member must not be null")
                    == true)
        }
    }

    // MARK: Values

    private func value(of place: Int) -> JSONValue {
        let shape = model.shapes[place]
        switch shape.kind {
        case .structure(let structure):
            var object: JSONObject = [:]
            for member in structure.members { object[member.name] = value(of: member.shape) }
            return .object(object)
        case .list(let element): return .array([value(of: element)])
        case .map(let key, let entry): return .object([text(for: model.shapes[key]): value(of: entry)])
        case .string: return .string(text(for: shape))
        case .integer, .long: return .number(JSONNumber(shape.minimum ?? 7))
        case .double: return 1.5
        case .boolean: return true
        case .timestamp: return 1_650_978_000
        }
    }

    private static let candidates = [
        "abc", "arn:aws:appflow:us-east-1:123456789012:flow/f", "arn:aws:kms:us-east-1:123456789012:key/abcd",
        "arn:aws:iam::123456789012:role/r", "arn:aws:secretsmanager:us-east-1:123456789012:secret:s",
        "https://example.com/a", "com.amazonaws.vpce.us-east-1.x", "upsolver-appflow-x", "123", "a.b.c", "",
        "arn:aws:lambda:us-east-1:123456789012:function:f", "ab", "a-text-of-fifty-characters-without-any-blanks-in-it",
    ]

    private func text(for shape: Shape) -> String {
        if let first = shape.allowedValues.first { return first }
        let fitting = Self.candidates.first { candidate in
            candidate.count >= shape.minimum ?? 0 && candidate.count <= shape.maximum ?? .max
                && shape.pattern?.matches(candidate) ?? true
        }
        return fitting ?? "no candidate for \(shape.name)"
    }

    // MARK: Breaking

    /// The broken whole, the error's code, and texts its message must hold.
    private typealias Report = (JSONValue, String, [String]) -> Void

    private func walk(_ value: JSONValue, _ place: Int, path: String, _ report: Report) {
        let shape = model.shapes[place]
        let at = path.isEmpty ? "" : "at '\(path)' failed to satisfy constraint: "
        func invalid(_ broken: JSONValue, _ texts: String...) { report(broken, "ValidationException", texts) }
        func mistyped(_ broken: JSONValue) { report(broken, "SerializationException", ["at '\(path)'"]) }

        switch shape.kind {
        case .structure(let structure):
            guard let object = value.objectValue else { return }
            if !path.isEmpty { mistyped("text") }
            for (index, member) in structure.members.enumerated() {
                let inner = path.isEmpty ? member.name : "\(path).\(member.name)"
                if structure.required.contains(index) {
                    var without = object
                    without[member.name] = nil
                    invalid(.object(without), "Value null at '\(inner)'", "Member must not be null")
                }
                walk(object[member.name] ?? .null, member.shape, path: inner) { broken, code, texts in
                    var with = object
                    with[member.name] = broken
                    report(.object(with), code, texts)
                }
            }
        case .list(let element):
            guard let first = value.arrayValue?.first else { return }
            mistyped(.object([:]))
            if let maximum = shape.maximum {
                invalid(
                    .array(Array(repeating: first, count: maximum + 1)), at, "length less than or equal to \(maximum)")
            }
            invalid(.array([.null]), "Value null at '\(path).1.member'", "Member must not be null")
            walk(first, element, path: "\(path).1.member") { broken, code, texts in
                report(
                    .array([broken]), code,
                    isScalar(element) ? relocated(texts, code, path, "Member must satisfy") : texts)
            }
        case .map(let key, let entry):
            guard let object = value.objectValue, let member = object.makeIterator().nextMember else { return }
            mistyped(.array([]))
            if let maximum = shape.maximum, model.shapes[key].allowedValues.isEmpty {
                var many: JSONObject = [:]
                var name = member.key
                while many.count <= maximum {
                    many[name] = member.value
                    name += "x"
                }
                invalid(.object(many), at, "length less than or equal to \(maximum)")
            }
            walk(.string(member.key), key, path: path) { broken, code, texts in
                guard code == "ValidationException", let name = broken.stringValue else { return }
                report(.object([name: member.value]), code, relocated(texts, code, path, "Map keys must satisfy"))
            }
            walk(member.value, entry, path: "\(path).\(member.key).member") { broken, code, texts in
                guard isScalar(entry) else { return report(.object([member.key: broken]), code, texts) }
                let shown = model.shapes[key].isSensitive ? [] : relocated(texts, code, path, "Map value must satisfy")
                report(.object([member.key: broken]), code, shown)
            }
        case .string:
            mistyped(5)
            mistyped([])
            if let maximum = shape.maximum {
                invalid(
                    .string(String(repeating: "a", count: maximum + 1)), at, "length less than or equal to \(maximum)")
            }
            if let minimum = shape.minimum, minimum > 0 {
                invalid(
                    .string(String(repeating: "a", count: minimum - 1)), at,
                    "length greater than or equal to \(minimum)")
            }
            if let pattern = shape.pattern {
                let bad = ["\n", "a\nb", "\u{7F}", "", "é"].first { !pattern.matches($0) }
                if let bad { invalid(.string(bad), at, "regular expression pattern: \(pattern.source)") }
                // The one pattern that takes all of these is told by its own test.
                #expect(bad != nil || shape.name == "Timezone" || pattern.source == #"[\s\S]*"#, "\(shape.name)")
            }
            if !shape.allowedValues.isEmpty {
                invalid(.string("Nonsense"), at, "Member must satisfy enum value set: [")
                invalid(.string((shape.allowedValues.first ?? "").lowercased() + "x"), at, "enum value set")
            }
            invalid(.string((value.stringValue ?? "") + "\u{0}"), at)
        case .integer, .long:
            mistyped("5")
            mistyped(1.5)
            mistyped(.number(JSONNumber(text: "99999999999999999999")))
            if let maximum = shape.maximum {
                invalid(.number(JSONNumber(maximum + 1)), at, "value less than or equal to \(maximum)")
            }
            if let minimum = shape.minimum {
                invalid(.number(JSONNumber(minimum - 1)), at, "value greater than or equal to \(minimum)")
            }
        case .double: mistyped("1.5")
        case .boolean:
            mistyped("yes")
            mistyped(1)
        case .timestamp:
            mistyped("tomorrow")
            mistyped(true)
        }
    }

    private func isScalar(_ place: Int) -> Bool {
        switch model.shapes[place].kind {
        case .structure, .list, .map: false
        default: true
        }
    }

    /// What plain elements break is told at their collection.
    private func relocated(_ texts: [String], _ code: String, _ path: String, _ head: String) -> [String] {
        guard code == "ValidationException" else { return texts }
        return ["at '\(path)' failed to satisfy constraint: ", head] + texts.filter { !$0.hasPrefix("at '") }
    }
}

extension JSONObject.Iterator {
    /// The first member, from a copy.
    fileprivate var nextMember: (key: String, value: JSONValue)? {
        var copy = self
        return copy.next()
    }
}
