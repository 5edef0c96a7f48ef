// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import JSON

/// The flow that a tag operation names by its ARN.
enum TaggedResource {
    /// The input with the flow's name beside its ARN. The model has seen that it is an ARN; one of another service,
    /// account or region, or of something that has no tags here, names nothing that this caller has.
    static func resolve(_ input: JSONObject, _ caller: Caller) throws(APIError) -> JSONObject {
        let text = input["resourceArn"]?.stringValue ?? ""
        guard let arn = ARN.parse(text), arn.kind == .flow, arn.account == caller.account, arn.region == caller.region
        else { throw .notFound("Resource with ARN \(text) does not exist.") }
        var input = input
        input["flowName"] = .string(arn.name)
        return input
    }

    /// ListTagsForResource.
    static func list(_ input: JSONObject, _ caller: Caller, _ reader: FlowReader) throws -> JSONObject {
        let name = input["flowName"]?.stringValue ?? ""
        guard let text = try reader.tags(FlowKey(account: caller.account, name: name)) else {
            throw APIError.notFound("Flow with name \(name) does not exist.")
        }
        return ["tags": .object((try? JSONValue.parse(Array(text.utf8)).objectValue) ?? [:])]
    }
}
