// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import HTTPServer
import JSON
import PostgreSQL

/// The operations that tell about connectors. What is in the catalogue is answered at once, on the server's thread;
/// what users registered is read from the store.
struct ConnectorReads: Sendable {
    private static let defaultPage = 20

    let store: StoreReads
    let shared: SharedState
    let directory: RegisteredConnectors

    func perform(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ exchange: HTTPExchange
    ) throws(APIError) {
        guard needsStore(operation, input) else {
            let output = try atOnce(operation, input)
            store.answers.success(JSONValue.object(output).serialized(), to: exchange, operation: operation)
            return
        }
        try store.answer(operation, exchange) { connection in
            (try fromStore(operation, input, caller, connection), nil)
        }
    }

    private func needsStore(_ operation: String, _ input: JSONObject) -> Bool {
        switch operation {
        case "DescribeConnectors": false
        case "DescribeConnector": input["connectorType"]?.stringValue == "CustomConnector"
        case "ListConnectors": true
        default: input["connectorProfileName"] != nil
        }
    }

    private func atOnce(_ operation: String, _ input: JSONObject) throws(APIError) -> JSONObject {
        switch operation {
        case "DescribeConnectors": try describeAll(input)
        case "DescribeConnector": try ["connectorConfiguration": .object(describe(input))]
        default: try EntityReads(operation, input, profileType: nil).answer(shared)
        }
    }

    private func fromStore(
        _ operation: String, _ input: JSONObject, _ caller: Caller, _ connection: PostgresConnection
    ) throws -> JSONObject {
        switch operation {
        case "DescribeConnector": return try describeRegistered(input, caller, connection)
        case "ListConnectors": return try list(input, caller, connection)
        default:
            let name = input["connectorProfileName"]?.stringValue ?? ""
            guard
                let type = try directory.connectorType(ofProfile: name, account: caller.account, connection)
            else { throw APIError.notFound("Connector Profile with name \(name) does not exist.") }
            return try EntityReads(operation, input, profileType: type).answer(shared)
        }
    }

    private func describe(_ input: JSONObject) throws(APIError) -> JSONObject {
        let type = input["connectorType"]?.stringValue ?? ""
        guard let connector = ConnectorCatalogue.connector(type) else {
            throw .notFound("Connector \(type) does not exist.")
        }
        return ConnectorRendering.configuration(connector)
    }

    private func describeAll(_ input: JSONObject) throws(APIError) -> JSONObject {
        let asked = (input["connectorTypes"]?.arrayValue ?? []).compactMap(\.stringValue)
        let chosen = ConnectorCatalogue.all.filter { asked.isEmpty || asked.contains($0.type) }
        // A token is good for the same choice of types only.
        let list = "DescribeConnectors/" + chosen.map(\.type).joined(separator: ",")
        let page = try ListPage(chosen, input, list, shared, defaultSize: Self.defaultPage)
        var configurations: JSONObject = [:]
        for connector in page.elements {
            configurations[connector.type] = .object(ConnectorRendering.configuration(connector))
        }
        var output: JSONObject = [
            "connectorConfigurations": .object(configurations),
            "connectors": .array(page.elements.map { .object(ConnectorRendering.detail($0)) }),
        ]
        if let token = page.nextToken { output["nextToken"] = .string(token) }
        return output
    }

    private func describeRegistered(
        _ input: JSONObject, _ caller: Caller, _ connection: PostgresConnection
    ) throws -> JSONObject {
        guard let label = input["connectorLabel"]?.stringValue else {
            throw APIError.validation("The connectorLabel is required for the connector type CustomConnector.")
        }
        guard let found = try directory.configuration(account: caller.account, label: label, connection) else {
            throw APIError.notFound("Connector:\(label) is not registered.")
        }
        return ["connectorConfiguration": .object(found)]
    }

    private func list(_ input: JSONObject, _ caller: Caller, _ connection: PostgresConnection) throws -> JSONObject {
        let list = "ListConnectors/\(caller.account)"
        let tokens = try shared.pageToken()
        let after = try tokens.position(in: input, list: list) ?? ""
        let limit = input["maxResults"]?.intValue ?? Self.defaultPage
        let rows = try directory.registered(account: caller.account, after: after, limit: limit + 1, connection)
        let page = tokens.page(of: rows, limit: limit, list: list) { $0.label }
        var output: JSONObject = ["connectors": .array(page.rows.map { .object($0.detail) })]
        output["nextToken"] = page.nextToken
        return output
    }
}
