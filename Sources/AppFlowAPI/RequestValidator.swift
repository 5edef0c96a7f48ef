// SPDX-License-Identifier: Apache-2.0

public import JSON

/// Checks a request's input against the service model.
public enum RequestValidator {
    /// Parses the body (an empty one counts as `{}`), merges the members of path and query, puts older shapes into the
    /// model's words, drops explicit nulls and checks every constraint of the operation's input at any depth. Members that the model does not know stay and are
    /// ignored; booleans written as the texts `true` and `false` become booleans.
    ///
    /// Throws SerializationException for what is not JSON or of a wrong JSON type, and ValidationException in AWS's
    /// words for broken constraints. Values of sensitive members appear in neither.
    public static func validate(
        operation: APIOperation, uriMembers: JSONObject, body: [UInt8]
    ) throws(APIError) -> JSONObject {
        let model = ServiceModel.shared
        guard let shape = model.input(of: operation) else {
            throw .unknownOperation("The requested operation does not exist.")
        }
        var input = try parse(body, operation)
        // What the model binds to path and query is not read from the body.
        if case .structure(let structure) = model.shapes[shape].kind {
            for member in structure.members where member.location != .body {
                input[member.name] = uriMembers[member.name]
            }
        }
        return try validate(OlderShapes.rewritten(input, shape: shape), shape: shape)
    }

    private static func parse(_ body: [UInt8], _ operation: APIOperation) throws(APIError) -> JSONObject {
        guard !body.isEmpty, operation.method == "POST" else { return [:] }
        let document: JSONValue
        do throws(JSONParseError) {
            document = try JSONValue.parse(body)
        } catch {
            throw .serialization("The request body is not valid JSON: \(error.description)")
        }
        guard case .object(let object) = document else {
            throw .serialization("The request body must be a JSON object.")
        }
        return object
    }

    static func validate(_ input: JSONObject, shape: Int) throws(APIError) -> JSONObject {
        var checker = ConstraintChecker(model: .shared)
        let replaced = try checker.check(.object(input), shape: shape)
        if let message = checker.message { throw .validation(message) }
        return replaced?.objectValue ?? input
    }
}
