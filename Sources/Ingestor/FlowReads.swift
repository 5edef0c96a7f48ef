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
        guard let uuid = try reader.find(FlowKey(account: caller.account, name: name)) else {
            throw APIError.notFound("Flow with name \(name) does not exist.")
        }
        let list =
            "DescribeFlowExecutionRecords/\(caller.account)/\(uuid)" + (filter.isEmpty ? "" : "/\(filter.text)")
        var start = FlowReader.RunPosition.newest
        if let text = try tokens.position(in: input, list: list) {
            let parts = text.split(separator: "/")
            guard parts.count == 2, let queuedAt = Int64(parts[0]) else { throw PageToken.invalid }
            start = FlowReader.RunPosition(queuedAt: queuedAt, runID: String(parts[1]))
        }
        let limit = input["maxResults"]?.intValue ?? defaultPage
        let rows = try reader.records(flowUUID: uuid, after: start, limit: limit + 1, filter: filter)
        let page = tokens.page(of: rows, limit: limit, list: list) { "\($0.queuedAt)/\($0.runID)" }
        var output: JSONObject = ["flowExecutions": .array(page.rows.map { .object(FlowResponses.record($0)) })]
        output["nextToken"] = page.nextToken
        return output
    }
}
