// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import JSON

/// Rows of the store as the API shows them.
enum FlowResponses {
    /// DescribeFlow: the definition as it was sent, with the defaults the real service echoes, and what the flow became.
    static func describe(
        _ flow: FlowRecord, lastRun: LastRun?, region: String, definitions: EchoedDefinitions
    ) throws(APIError) -> JSONObject {
        let echoed = try definitions.echoed(flow)
        var output = begin(flow, region)
        for (key, value) in echoed { output[key] = value }
        output["flowStatus"] = .string(flow.status.rawValue)
        if let message = flow.statusMessage { output["flowStatusMessage"] = .string(message) }
        addCommon(flow, lastRun, to: &output)
        output["schemaVersion"] = .number(JSONNumber(Int(flow.schemaVersion)))
        return output
    }

    /// An entry of ListFlows.
    static func summary(_ flow: FlowRecord, lastRun: LastRun?, region: String) -> JSONObject {
        var output = begin(flow, region)
        if let description = flow.description { output["description"] = .string(description) }
        output["flowName"] = .string(flow.name)
        output["flowStatus"] = .string(flow.status.rawValue)
        output["sourceConnectorType"] = .string(flow.sourceType)
        output["destinationConnectorType"] = .string(flow.destinationType)
        output["triggerType"] = .string(flow.triggerType)
        addCommon(flow, lastRun, to: &output)
        return output
    }

    /// An entry of DescribeFlowExecutionRecords.
    static func record(_ run: RunRecord) -> JSONObject {
        var result: JSONObject = [:]
        // A plain success has nothing to tell.
        if let message = run.message, !message.isEmpty, message != RunRecord.plainSuccess {
            result["errorInfo"] = .object([
                "putFailuresCount": .number(JSONNumber(Int(run.putFailures))),
                "executionMessage": .string(message),
            ])
        }
        result["bytesProcessed"] = .number(JSONNumber(Int(run.figures.bytesRead)))
        result["bytesWritten"] = .number(JSONNumber(Int(run.figures.bytesWritten)))
        result["recordsProcessed"] = .number(JSONNumber(Int(run.figures.records)))
        var record: JSONObject = [
            "executionId": .string(run.runID),
            "executionStatus": .string(run.state.wireName),
            "executionResult": .object(result),
            "startedAt": WireTimestamp.json(microseconds: run.startedAt ?? run.queuedAt),
            "lastUpdatedAt": WireTimestamp.json(microseconds: run.updatedAt),
        ]
        if !run.destinations.isEmpty { record["destinationResults"] = .array(run.destinations.map(destination)) }
        return record
    }

    /// An entry of `destinationResults`, a member beyond AppFlow's.
    private static func destination(_ result: DestinationResult) -> JSONValue {
        var output: JSONObject = [
            "connectorType": .string(result.connectorType),
            "place": .string(result.place),
            "executionStatus": .string((result.failure == nil ? RunState.successful : .error).wireName),
            "bytesWritten": .number(JSONNumber(Int(result.bytesWritten))),
        ]
        if let failure = result.failure {
            output["errorInfo"] = .object([
                "putFailuresCount": .number(JSONNumber(Int(result.putFailures))),
                "executionMessage": .string(failure),
            ])
        } else {
            output["recordsProcessed"] = .number(JSONNumber(Int(result.records)))
        }
        return .object(output)
    }

    /// With room for all members: growing copies them.
    private static func begin(_ flow: FlowRecord, _ region: String) -> JSONObject {
        var output = JSONObject()
        output.reserveCapacity(20)
        output["flowArn"] = .string(ARN.flow(region: region, account: flow.account, name: flow.name))
        return output
    }

    private static func addCommon(_ flow: FlowRecord, _ lastRun: LastRun?, to output: inout JSONObject) {
        output["createdAt"] = WireTimestamp.json(microseconds: flow.createdAt)
        output["lastUpdatedAt"] = WireTimestamp.json(microseconds: flow.updatedAt)
        output["createdBy"] = .string(flow.createdBy)
        output["lastUpdatedBy"] = .string(flow.updatedBy)
        output["tags"] = (try? JSONValue.parse(Array(flow.tags.utf8))) ?? .object([:])
        guard let lastRun else { return }
        var details: JSONObject = [:]
        if !lastRun.message.isEmpty { details["mostRecentExecutionMessage"] = .string(lastRun.message) }
        details["mostRecentExecutionTime"] = WireTimestamp.json(microseconds: lastRun.at)
        details["mostRecentExecutionStatus"] = .string(lastRun.state.wireName)
        output["lastRunExecutionDetails"] = .object(details)
    }
}
