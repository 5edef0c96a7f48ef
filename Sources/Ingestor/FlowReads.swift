// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import HTTPServer
import JSON
import PostgreSQL

/// The reading operations, on readers' threads.
struct FlowReads: Sendable {
    private static let defaultPage = 20

    let store: StoreReads
    let descriptions: FlowDescriptions
    let shared: SharedState

    func perform(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ exchange: HTTPExchange
    ) throws(APIError) {
        if operation == "DescribeFlow" {
            try descriptions.answer(input, caller, exchange)
            return
        }
        try store.answer(operation, exchange) { [shared] connection in
            (try Self.read(operation, input, caller, connection, shared), nil)
        }
    }

    private static func read(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ connection: PostgresConnection,
        _ shared: SharedState
    ) throws -> JSONObject {
        let reader = FlowReader(connection)
        switch operation {
        case "DescribeConnectorProfiles":
            return try ProfileReads.describe(input, caller, ProfileReader(connection), try shared.pageToken())
        case "ListFlows": return try list(input, caller, reader, try shared.pageToken())
        case CommandResource.operation: return try CommandResource.read(input, caller, reader, shared)
        case "ListTagsForResource": return try TaggedResource.list(input, caller, reader)
        default: return try records(input, caller, reader, try shared.pageToken())
        }
    }

    private static func list(
        _ input: JSONObject, _ caller: Caller, _ reader: FlowReader, _ tokens: PageToken
    ) throws -> JSONObject {
        let list = "ListFlows/\(caller.account)"
        let after = try tokens.position(in: input, list: list) ?? ""
        let limit = input["maxResults"]?.intValue ?? defaultPage
        let rows = try reader.list(account: caller.account, after: after, limit: limit + 1)
        let page = tokens.page(of: rows, limit: limit, list: list) { $0.flow.name }
        let flows = page.rows.map { row in
            JSONValue.object(FlowResponses.summary(row.flow, lastRun: row.lastRun, region: caller.region))
        }
        var output: JSONObject = ["flows": .array(flows)]
        output["nextToken"] = page.nextToken
        return output
    }

    private static func records(
        _ input: JSONObject, _ caller: Caller, _ reader: FlowReader, _ tokens: PageToken
    ) throws -> JSONObject {
        let filter = try RunRecordQuery.filter(input)
        let name = input["flowName"]?.stringValue ?? ""
        let list = "DescribeFlowExecutionRecords/\(caller.account)/\(name)" + (filter.isEmpty ? "" : "/\(filter.text)")
        // A place belongs to the flow that had the name when it was given.
        var flowUUID: String?
        var start = FlowReader.RunPosition.newest
        if let text = try tokens.position(in: input, list: list) {
            let parts = text.split(separator: "/").map { String($0) }
            guard parts.count == 3, let queuedAt = Int64(parts[1]) else { throw PageToken.invalid }
            flowUUID = parts[0]
            start = FlowReader.RunPosition(queuedAt: queuedAt, runID: parts[2])
        }
        let limit = input["maxResults"]?.intValue ?? defaultPage
        let flow = FlowKey(account: caller.account, name: name)
        guard let found = try reader.records(of: flow, after: start, limit: limit + 1, filter: filter) else {
            throw APIError.notFound("Flow with name \(name) does not exist.")
        }
        if let flowUUID, flowUUID != found.flowUUID { throw PageToken.invalid }
        let page = tokens.page(of: found.runs, limit: limit, list: list) {
            "\(found.flowUUID)/\($0.queuedAt)/\($0.runID)"
        }
        var output: JSONObject = ["flowExecutions": .array(page.rows.map { .object(FlowResponses.record($0)) })]
        output["nextToken"] = page.nextToken
        return output
    }
}
