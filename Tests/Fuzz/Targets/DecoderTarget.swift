// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import JSON

/// The first byte chooses an operation, the rest is the body. Promises: what was read and written reads the same again;
/// what was accepted is accepted again; what was refused is refused in the API's own form.
enum DecoderTarget {
    static func violation(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let body = Array(input.dropFirst())
        let operation = APIOperation.all[Int(first) % APIOperation.all.count]
        return jsonViolation(body) ?? validationViolation(operation, body) ?? routeViolation(body)
    }

    private static func jsonViolation(_ body: [UInt8]) -> String? {
        guard let value = try? JSONValue.parse(body) else { return nil }
        let written = value.serialized()
        guard let again = try? JSONValue.parse(written) else { return "what was written cannot be read" }
        if again != value { return "what was written reads differently" }
        return again.serialized() == written ? nil : "what was read is written differently"
    }

    private static func validationViolation(_ operation: APIOperation, _ body: [UInt8]) -> String? {
        let uriMembers: JSONObject = [
            "resourceArn": "arn:aws:appflow:us-east-1:000000000000:flow/f", "tagKeys": ["k"],
        ]
        let accepted: JSONObject
        do throws(APIError) {
            accepted = try RequestValidator.validate(operation: operation, uriMembers: uriMembers, body: body)
            if operation.name == "CreateFlow" || operation.name == "UpdateFlow" {
                let definition = try FlowDefinition(input: accepted)
                try SemanticRules.checkFlow(definition, operation: operation.name == "CreateFlow" ? "Create" : "Update")
            }
        } catch {
            return errorViolation(error)
        }
        do throws(APIError) {
            let again = try RequestValidator.validate(
                operation: operation, uriMembers: uriMembers, body: accepted.serialized())
            // A body of GET and DELETE counts as empty: then only what the path brings is there.
            return JSONValue.object(again) == JSONValue.object(accepted) ? nil : "what was accepted changes"
        } catch {
            return "what was accepted is refused: \(error)"
        }
    }

    private static func errorViolation(_ error: APIError) -> String? {
        guard error.status == APIError.status(of: error.code), (400..<500).contains(error.status) else {
            return "a refusal of status \(error.status): \(error)"
        }
        guard !error.message.isEmpty, let body = try? JSONValue.parse(error.body),
            body["message"]?.stringValue == error.message
        else { return "a refusal that cannot be sent: \(error)" }
        return nil
    }

    /// Any ARN in the path, encoded, comes back as it was.
    private static func routeViolation(_ body: [UInt8]) -> String? {
        let text = String(decoding: body, as: UTF8.self)
        _ = try? APIRouter.route(method: "POST", rawPath: "/" + text, rawQuery: text)
        _ = try? APIRouter.route(method: "DELETE", rawPath: "/tags/" + text, rawQuery: "tagKeys=" + text)
        guard !text.isEmpty else { return nil }
        let encoded = text.utf8.map { byte in
            "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: byte & 1 == 0)
        }.joined()
        let routed = try? APIRouter.route(
            method: "DELETE", rawPath: "/tags/" + encoded, rawQuery: "x=1&tagKeys=\(encoded)&tagKeys=")
        guard let members = routed?.uriMembers else { return "an encoded ARN is not routed" }
        let expected: JSONObject = ["resourceArn": .string(text), "tagKeys": [.string(text), ""]]
        return JSONValue.object(members) == JSONValue.object(expected) ? nil : "an encoded ARN changes"
    }
}
