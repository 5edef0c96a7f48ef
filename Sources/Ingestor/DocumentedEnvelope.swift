// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import HTTPServer
import Observability

/// The form of answers that published descriptions of this API show: `{"success": true, "data": {…}}` and
/// `{"success": false, "error": {…}}`. For plain HTTP clients that ask for exactly `application/json`; whoever signs is an
/// SDK, and gets AWS's form.
enum DocumentedEnvelope {
    static func applies(to request: HTTPRequest) -> Bool {
        let accepted = request.headers.all("accept")
        return accepted.count == 1 && accepted[0] == "application/json" && AuthenticationMethod(of: request) != .sigV4
    }

    /// - Parameter body: a JSON object, serialized.
    static func success(_ body: [UInt8], _ details: OutcomeDetails?) -> [UInt8] {
        var bytes = Array(#"{"success":true,"data":{"#.utf8)
        if let details {
            bytes.append(contentsOf: #""id":"#.utf8)
            JSONText.append(details.id, to: &bytes)
            bytes.append(contentsOf: #","created_at":""#.utf8)
            UTCTimestamp.append(milliseconds: Int(details.createdAt / 1_000), to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        let members = body.dropFirst().dropLast()
        if details != nil && !members.isEmpty { bytes.append(UInt8(ascii: ",")) }
        bytes.append(contentsOf: members)
        bytes.append(contentsOf: "}}".utf8)
        return bytes
    }

    static func failure(_ error: APIError) -> [UInt8] {
        var bytes = Array(#"{"success":false,"error":{"code":"#.utf8)
        JSONText.append(code(of: error.code), to: &bytes)
        bytes.append(contentsOf: #","message":"#.utf8)
        JSONText.append(error.message, to: &bytes)
        bytes.append(contentsOf: "}}".utf8)
        return bytes
    }

    /// `ResourceNotFoundException` is `RESOURCE_NOT_FOUND`; a ValidationException is `VALIDATION_ERROR`.
    static func code(of name: String) -> String {
        if name == "ValidationException" { return "VALIDATION_ERROR" }
        let suffix = "Exception"
        let stem = name.hasSuffix(suffix) ? name.dropLast(suffix.count) : name[...]
        var text = ""
        for character in stem {
            if character.isUppercase && !text.isEmpty { text.append("_") }
            text.append(contentsOf: character.uppercased())
        }
        return text
    }
}
