// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import HTTPServer
import JSON
import PostgreSQL
import Threading

/// The reading operations: one statement each, on a reader's thread.
struct FlowReads: Sendable {
    private static let defaultPage = 20

    let pool: ReadPool
    let answers: Answers
    let shared: SharedState
    /// How long a read may wait for its turn.
    let patienceMilliseconds: Int

    func perform(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ exchange: HTTPExchange
    ) throws(APIError) {
        let deadline = MonotonicClock.milliseconds + patienceMilliseconds
        let accepted = pool.submit(deadline: deadline) { connection in
            do {
                var details: OutcomeDetails?
                let output = try Self.read(operation, input, caller, try connection.get(), shared, &details)
                answers.success(
                    JSONValue.object(output).serialized(), to: exchange, operation: operation, details: details)
            } catch let error as APIError {
                answers.failure(error, to: exchange, operation: operation)
            } catch let error as PostgresError {
                answers.failure(Self.translated(error), to: exchange, operation: operation)
            } catch {
                answers.failure(.internalServer(), to: exchange, operation: operation)
            }
        }
        if !accepted { throw .unavailable("The service is busy. Please try again.", retryAfterSeconds: 1) }
    }

    /// An error of the database as a client sees it.
    static func translated(_ error: PostgresError) -> APIError {
        switch error.kind {
        case .connection:
            .unavailable("The flow store cannot be reached. Please try again.", retryAfterSeconds: 2)
        case .timeout, .serialization:
            .unavailable("The flow store did not answer in time. Please try again.", retryAfterSeconds: 2)
        default:
            .internalServer()
        }
    }

    private static func read(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ connection: PostgresConnection,
        _ shared: SharedState, _ details: inout OutcomeDetails?
    ) throws -> JSONObject {
        let reader = FlowReader(connection)
        switch operation {
        case "DescribeFlow": return try describe(input, caller, reader, &details)
        case "DescribeConnectorProfiles":
            return try ProfileReads.describe(input, caller, ProfileReader(connection), try shared.pageToken())
        case "ListFlows": return try list(input, caller, reader, try shared.pageToken())
        case CommandResource.operation: return try CommandResource.read(input, caller, reader, shared)
        case "ListTagsForResource": return try TaggedResource.list(input, caller, reader)
        default: return try records(input, caller, reader, try shared.pageToken())
        }
    }

    private static func describe(
        _ input: JSONObject, _ caller: Caller, _ reader: FlowReader, _ details: inout OutcomeDetails?
    ) throws -> JSONObject {
        let name = input["flowName"]?.stringValue ?? ""
        guard let found = try reader.describe(FlowKey(account: caller.account, name: name)) else {
            throw APIError.notFound("Flow with name \(name) does not exist.")
        }
        details = OutcomeDetails(found.flow)
        return try FlowResponses.describe(found.flow, lastRun: found.lastRun, region: caller.region)
    }

    private static func list(
        _ input: JSONObject, _ caller: Caller, _ reader: FlowReader, _ tokens: PageToken
    ) throws -> JSONObject {
        let list = "ListFlows/\(caller.account)"
        let after = try position(input, tokens, list) ?? ""
        let limit = input["maxResults"]?.intValue ?? defaultPage
        // One more than asked tells whether there is another page.
        let rows = try reader.list(account: caller.account, after: after, limit: limit + 1)
        var output: JSONObject = [
            "flows": .array(
                rows.prefix(limit).map {
                    .object(FlowResponses.summary($0.flow, lastRun: $0.lastRun, region: caller.region))
                })
        ]
        if rows.count > limit { output["nextToken"] = .string(tokens.make(rows[limit - 1].flow.name, list: list)) }
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
        if let text = try position(input, tokens, list) {
            let parts = text.split(separator: "/")
            guard parts.count == 2, let queuedAt = Int64(parts[0]) else { throw invalidToken }
            start = FlowReader.RunPosition(queuedAt: queuedAt, runID: String(parts[1]))
        }
        let limit = input["maxResults"]?.intValue ?? defaultPage
        let rows = try reader.records(flowUUID: uuid, after: start, limit: limit + 1, filter: filter)
        var output: JSONObject = [
            "flowExecutions": .array(rows.prefix(limit).map { .object(FlowResponses.record($0)) })
        ]
        if rows.count > limit {
            let last = rows[limit - 1]
            output["nextToken"] = .string(tokens.make("\(last.queuedAt)/\(last.runID)", list: list))
        }
        return output
    }

    private static let invalidToken = APIError.validation("The nextToken is not valid for this request.")

    static func position(_ input: JSONObject, _ tokens: PageToken, _ list: String) throws -> String? {
        guard let token = input["nextToken"]?.stringValue else { return nil }
        guard let position = tokens.read(token, list: list) else { throw invalidToken }
        return position
    }
}
