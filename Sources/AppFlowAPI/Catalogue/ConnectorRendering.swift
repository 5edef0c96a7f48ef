// SPDX-License-Identifier: Apache-2.0

public import JSON

/// Connectors as DescribeConnectors and DescribeConnector show them.
public enum ConnectorRendering {
    /// The shape ConnectorConfiguration.
    public static func configuration(_ connector: Connector) -> JSONObject {
        var output: JSONObject = [
            "canUseAsSource": .bool(connector.source != nil),
            "canUseAsDestination": .bool(connector.destination != nil),
        ]
        if let source = connector.source { output["supportedDestinationConnectors"] = texts(source.destinations) }
        let frequencies = connector.frequencies
        if !frequencies.isEmpty { output["supportedSchedulingFrequencies"] = texts(frequencies.map(\.rawValue)) }
        output["isPrivateLinkEnabled"] = .bool(connector.hasPrivateLink)
        output["isPrivateLinkEndpointUrlRequired"] = .bool(connector.needsPrivateLinkURL)
        output["supportedTriggerTypes"] = texts(connector.triggers.map(\.rawValue))
        if let metadata = metadata(connector) { output["connectorMetadata"] = .object(metadata) }
        addIdentity(connector, to: &output)
        if connector.needsProfile { output["authenticationConfig"] = .object(authentication(connector)) }
        if !connector.apiVersions.isEmpty { output["supportedApiVersions"] = texts(connector.apiVersions) }
        if !connector.operators.isEmpty { output["supportedOperators"] = texts(connector.operators) }
        if let destination = connector.destination {
            output["supportedWriteOperations"] = texts(destination.writeOperations)
        }
        let interfaces = connector.source?.dataTransferAPIs ?? []
        if !interfaces.isEmpty {
            output["supportedDataTransferApis"] = .array(
                interfaces.map { .object(["Name": .string($0.name), "Type": .string($0.type)]) })
        }
        return output
    }

    /// The shape ConnectorDetail.
    public static func detail(_ connector: Connector) -> JSONObject {
        var output: JSONObject = [:]
        addIdentity(connector, to: &output)
        output["applicationType"] = .string(connector.unionKey)
        return output
    }

    private static func addIdentity(_ connector: Connector, to output: inout JSONObject) {
        output["connectorDescription"] = .string(connector.description)
        output["connectorName"] = .string(connector.name)
        output["connectorOwner"] = .string(connector.owner)
        output["connectorVersion"] = .string(connector.version)
        output["connectorType"] = .string(connector.type)
        // Others are built in: only registered connectors are provisioned.
        if connector.type == "CustomConnector" { output["connectorProvisioningType"] = "LAMBDA" }
        output["connectorModes"] = texts(connector.modes)
        output["supportedDataTransferTypes"] = texts(connector.dataTransferTypes)
    }

    /// The connector's own member of ConnectorMetadata with what the model lets it tell; nil where the model has none.
    private static func metadata(_ connector: Connector) -> JSONObject? {
        guard members("ConnectorMetadata").contains(connector.unionKey) else { return nil }
        let known = members("\(connector.unionKey)Metadata")
        var own: JSONObject = [:]
        if known.contains("oAuthScopes") { own["oAuthScopes"] = texts(connector.authentication.oAuth2?.scopes ?? []) }
        if known.contains("dataTransferApis") {
            own["dataTransferApis"] = texts(connector.source?.dataTransferAPIs.map(\.name) ?? [])
        }
        if known.contains("oauth2GrantTypesSupported") {
            own["oauth2GrantTypesSupported"] = texts(connector.authentication.oAuth2?.grants ?? [])
        }
        if known.contains("supportedRegions") { own["supportedRegions"] = texts(connector.regions) }
        return [connector.unionKey: .object(own)]
    }

    private static func authentication(_ connector: Connector) -> JSONObject {
        let authentication = connector.authentication
        var output: JSONObject = [
            "isBasicAuthSupported": .bool(authentication.basic),
            "isApiKeyAuthSupported": .bool(authentication.apiKey),
            "isOAuth2Supported": .bool(authentication.oAuth2 != nil),
            "isCustomAuthSupported": .bool(!authentication.custom.isEmpty),
        ]
        if let oAuth2 = authentication.oAuth2 {
            output["oAuth2Defaults"] = .object([
                "oauthScopes": texts(oAuth2.scopes), "tokenUrls": texts(oAuth2.tokenURLs),
                "authCodeUrls": texts(oAuth2.authCodeURLs), "oauth2GrantTypesSupported": texts(oAuth2.grants),
            ])
        }
        // What a registered connector asks for is its own affair.
        let parameters = authentication.custom.filter { $0.key != "*" }
        if !parameters.isEmpty {
            let described: [JSONValue] = parameters.map {
                .object([
                    "key": .string($0.key), "isRequired": true, "label": .string($0.key),
                    "isSensitiveField": .bool($0.isSecret),
                ])
            }
            output["customAuthConfigs"] = .array([
                .object([
                    "customAuthenticationType": .string(connector.unionKey), "authParameters": .array(described),
                ])
            ])
        }
        return output
    }

    private static func members(_ shape: String) -> Set<String> {
        guard case .structure(let structure) = ServiceModel.shared.shape(named: shape)?.kind else { return [] }
        return Set(structure.members.map(\.name))
    }

    static func texts(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
}
