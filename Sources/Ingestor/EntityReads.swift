// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import JSON

/// ListConnectorEntities, DescribeConnectorEntity and ResetConnectorMetadataCache, from the catalogue: the vendors
/// themselves are not asked yet.
struct EntityReads {
    private static let defaultPage = 1_000
    private static let group = "Objects"

    private let operation: String
    private let input: JSONObject
    private let connector: Connector

    /// - Parameter profileType: the connector of the profile that the request names.
    init(_ operation: String, _ input: JSONObject, profileType: String?) throws(APIError) {
        self.operation = operation
        self.input = input
        let named = input["connectorType"]?.stringValue
        // The model leaves both optional; AWS's text asks for the profile, or for the type where there are no profiles.
        guard let type = profileType ?? named else {
            throw .validation("Either connectorProfileName or connectorType is required.")
        }
        if let profileType, let named, named != profileType {
            throw .validation("The connector profile is of the connector type \(profileType), not of \(named).")
        }
        guard let found = ConnectorCatalogue.connector(type) else {
            throw .notFound("Connector \(type) does not exist.")
        }
        connector = found
    }

    func answer(_ shared: SharedState) throws(APIError) -> JSONObject {
        switch operation {
        case "ListConnectorEntities": return try list(shared)
        case "DescribeConnectorEntity": return try describe()
        default:
            // Nothing is cached: the answer is that the cache is empty.
            if connector.needsProfile, input["connectorProfileName"] == nil {
                throw .validation("The connectorProfileName is required for the connector type \(connector.type).")
            }
            return [:]
        }
    }

    private func list(_ shared: SharedState) throws(APIError) -> JSONObject {
        let path = input["entitiesPath"]?.stringValue
        var entities = ConnectorEntities(connector).entities
        if let path {
            guard entities.contains(where: { $0.name == path && $0.hasNested }) else { throw unknown(path) }
            // Only the vendor knows what is below.
            entities = []
        }
        let list = "ListConnectorEntities/\(connector.type)/\(path ?? "")"
        let page = try ListPage(entities, input, list, shared, defaultSize: Self.defaultPage)
        let summaries = page.elements.map { JSONValue.object(ConnectorEntities.summary($0)) }
        var output: JSONObject = ["connectorEntityMap": .object([path ?? Self.group: .array(summaries)])]
        if let token = page.nextToken { output["nextToken"] = .string(token) }
        return output
    }

    private func describe() throws(APIError) -> JSONObject {
        let name = input["connectorEntityName"]?.stringValue ?? ""
        let entities = ConnectorEntities(connector)
        if let fields = entities.fields(of: name) {
            return ["connectorEntityFields": .array(fields.map { .object($0) })]
        }
        // Where no entity is fixed, no field is: whatever a flow maps is taken.
        if entities.entities.isEmpty { return ["connectorEntityFields": .array([])] }
        throw unknown(name)
    }

    private func unknown(_ name: String) -> APIError {
        .notFound("The entity \(name) does not exist in the connector \(connector.type).")
    }
}
