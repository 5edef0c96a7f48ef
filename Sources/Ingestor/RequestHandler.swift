// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import FlowDomain
import FlowStore
import HTTPServer
import JSON
import Observability
import RoleSupport
import Threading

/// Takes requests in: authenticates, validates, and hands them to the reads or to Kafka. Runs on the HTTP server's
/// threads and never blocks.
struct RequestHandler: Sendable {
    let configuration: IngestorConfiguration
    let authenticator: Authenticator
    let answers: Answers
    let reads: FlowReads
    let connectors: ConnectorReads
    let commands: CommandSender
    let profiles: ProfileRequests

    func handle(_ exchange: HTTPExchange) {
        let request = exchange.request
        var operationName = "Unknown"
        do throws(APIError) {
            if let id = CommandResource.id(in: request) {
                operationName = CommandResource.operation
                let caller = try authenticator.authenticate(request)
                try reads.perform(operationName, ["commandId": .string(id)], caller, exchange)
                return
            }
            let routed = try APIRouter.route(
                method: request.method, rawPath: request.rawPath, rawQuery: request.rawQuery)
            operationName = routed.operation.name
            let caller = try authenticator.authenticate(request)
            try RequestPreferences.checkCondition(request, operation: operationName)
            try RequestPreferences.checkCoding(request)
            let input = try RequestValidator.validate(
                operation: routed.operation, uriMembers: routed.uriMembers, body: request.body)
            try dispatch(operationName, input, caller, exchange)
        } catch {
            answers.failure(error, to: exchange, operation: operationName)
        }
    }

    private func dispatch(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ exchange: HTTPExchange
    ) throws(APIError) {
        switch operation {
        case "DescribeFlow", "ListFlows", "DescribeFlowExecutionRecords", "DescribeConnectorProfiles":
            try reads.perform(operation, input, caller, exchange)
        case "CreateFlow", "UpdateFlow":
            try requireWrite(caller, operation)
            let definition = try FlowDefinition(input: input)
            try SemanticRules.checkFlow(
                definition, operation: operation == "CreateFlow" ? "Create" : "Update",
                isStrict: configuration.isStrict)
            try commands.send(operation, input, caller, exchange)
        case "ListTagsForResource":
            try reads.perform(operation, try TaggedResource.resolve(input, caller), caller, exchange)
        case "TagResource", "UntagResource":
            try requireWrite(caller, operation)
            try commands.send(operation, try TaggedResource.resolve(input, caller), caller, exchange)
        case "StartFlow", "StopFlow", "DeleteFlow", "CancelFlowExecutions":
            try requireWrite(caller, operation)
            try commands.send(operation, input, caller, exchange)
        case "DescribeConnectors", "DescribeConnector", "ListConnectors", "ListConnectorEntities",
            "DescribeConnectorEntity":
            try connectors.perform(operation, input, caller, exchange)
        case "ResetConnectorMetadataCache":
            try requireWrite(caller, operation)
            try connectors.perform(operation, input, caller, exchange)
        case _ where ProfileRequests.operations.contains(operation):
            try requireWrite(caller, operation)
            try profiles.send(operation, input, caller, exchange)
        default:
            // An operation of a newer model, which nobody has given a place above.
            throw .internalServer()
        }
    }

    private func requireWrite(_ caller: Caller, _ operation: String) throws(APIError) {
        if caller.mayWrite { return }
        throw .accessDenied("User: \(caller.principal) is not authorized to perform: appflow:\(operation)")
    }
}
