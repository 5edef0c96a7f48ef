// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Rewrites what older examples of this API say in other words than its model, before the model is applied: connectors in
/// lower case where a union names them (`salesforce`, `googleanalytics`) and in capitals where a type does
/// (`CUSTOMCONNECTOR`), `bucketKey`, `scheduledTriggerProperties`, `oauthRequest`. What the model itself knows always goes
/// before; everything else stays as it is.
///
/// Explicit nulls, booleans as text and the forms of timestamps need no rewriting: `ConstraintChecker` takes them, and
/// ignores unknown members.
enum OlderShapes {
    /// Structures of which one member is set, named after a connector.
    private static let unions: Set<String> = [
        "SourceConnectorProperties", "DestinationConnectorProperties", "ConnectorOperator",
        "ConnectorProfileProperties", "ConnectorProfileCredentials",
    ]

    /// Members by structure and older name.
    private static let members: [String: [String: String]] = {
        var members = [
            "S3SourceProperties": ["bucketKey": "bucketPrefix"],
            "S3DestinationProperties": ["bucketKey": "bucketPrefix"],
            "TriggerProperties": ["scheduledTriggerProperties": "Scheduled", "scheduled": "Scheduled"],
        ]
        // Passed over, it would take the authorization code of a profile with it, and nobody would be told.
        for shape in ServiceModel.shared.shapes {
            guard case .structure(let structure) = shape.kind, structure.places["oAuthRequest"] != nil else { continue }
            members[shape.name] = ["oauthRequest": "oAuthRequest"]
        }
        return members
    }()

    /// The types of connectors by the capitals of older examples.
    private static let capitals: [String: String] = {
        let types = ServiceModel.shared.shape(named: typeShape)?.allowedValues ?? []
        return Dictionary(types.map { ($0.uppercased(), $0) }) { first, _ in first }
    }()

    private static let typeShape = "ConnectorType"

    /// The shapes that have something to rewrite, or lead to one that has: everything else is passed by.
    private static let concerned: Set<Int> = {
        let model = ServiceModel.shared
        var found = Set(
            model.shapes.indices.filter { place in
                let name = model.shapes[place].name
                return unions.contains(name) || members[name] != nil || name == typeShape
            })
        var grew = true
        while grew {
            grew = false
            for (place, shape) in model.shapes.enumerated() where !found.contains(place) {
                let parts =
                    switch shape.kind {
                    case .structure(let structure): structure.members.map(\.shape)
                    case .list(let element): [element]
                    case .map(_, let value): [value]
                    default: [Int]()
                    }
                if parts.contains(where: { found.contains($0) }) {
                    found.insert(place)
                    grew = true
                }
            }
        }
        return found
    }()

    /// An operation's input in the words of the model.
    static func rewritten(_ input: JSONObject, shape: Int) -> JSONObject {
        rewritten(.object(input), shape, .shared).objectValue ?? input
    }

    private static func rewritten(_ value: JSONValue, _ place: Int, _ model: ServiceModel) -> JSONValue {
        guard concerned.contains(place) else { return value }
        let shape = model.shapes[place]
        switch (shape.kind, value) {
        case (.structure(let structure), .object(let object)):
            var result: JSONObject = [:]
            for (key, member) in object {
                let name = memberName(key, in: object, shape, structure)
                guard let index = structure.places[name] else {
                    result[key] = member
                    continue
                }
                // The model's own name beside an older one is a null here, and a null is nothing.
                if member.isNull && result[name] != nil { continue }
                result[name] = rewritten(member, structure.members[index].shape, model)
            }
            return .object(result)
        case (.list(let element), .array(let elements)):
            return .array(elements.map { rewritten($0, element, model) })
        case (.map(_, let entry), .object(let object)):
            return .object(JSONObject(object.map { (key: $0.key, value: rewritten($0.value, entry, model)) }))
        case (.string, .string(let text)):
            return shape.allowedSet.contains(text) ? value : capitals[text].map { .string($0) } ?? value
        default:
            return value
        }
    }

    /// The model's name for a member; the name as it is where the model knows none, or has its own beside it.
    private static func memberName(
        _ key: String, in object: JSONObject, _ shape: Shape, _ structure: Shape.Structure
    ) -> String {
        if structure.places[key] != nil { return key }
        var name = members[shape.name]?[key]
        if name == nil, unions.contains(shape.name) {
            let lower = key.lowercased()
            name = structure.members.first { $0.name.lowercased() == lower }?.name
        }
        guard let name, object[name]?.isNull ?? true else { return key }
        return name
    }
}
