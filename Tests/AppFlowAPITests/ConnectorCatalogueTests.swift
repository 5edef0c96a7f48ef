// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import AppFlowAPI

/// The catalogue beside the model: nothing here lists connectors by hand.
@Suite struct ConnectorCatalogueTests {
    private static let model = ServiceModel.shared

    private static func members(_ shape: String) -> [String] {
        guard case .structure(let structure) = model.shape(named: shape)?.kind else { return [] }
        return structure.members.map(\.name)
    }

    private static func required(_ shape: String) -> [String] {
        guard case .structure(let structure) = model.shape(named: shape)?.kind else { return [] }
        return structure.required.map { structure.members[$0].name }
    }

    private static func values(_ shape: String) -> [String] { model.shape(named: shape)?.allowedValues ?? [] }

    /// Checks an answer as botocore would read it: constraints, and no member that the model does not know.
    private static func check(_ output: JSONObject, _ shape: String) throws {
        let place = try #require(model.shapesByName[shape])
        _ = try RequestValidator.validate(output, shape: place)
        for key in output.map(\.key) { #expect(members(shape).contains(key), "\(shape).\(key)") }
    }

    @Test func everyTypeOfTheModelIsThere() {
        #expect(ConnectorCatalogue.all.map(\.type) == Self.values("ConnectorType"))
        #expect(ConnectorCatalogue.all.count == 24)
        #expect(Set(ConnectorCatalogue.all.map(\.name)).count == 24)
    }

    @Test func endsAreTheModels() {
        for connector in ConnectorCatalogue.all {
            let key = connector.unionKey
            #expect((connector.source != nil) == Self.members("SourceConnectorProperties").contains(key), "\(key)")
            #expect(
                (connector.destination != nil) == Self.members("DestinationConnectorProperties").contains(key), "\(key)"
            )
            #expect((connector.source != nil) == !connector.operators.isEmpty, "\(key)")
            #expect(!connector.modes.isEmpty && !connector.triggers.isEmpty && !connector.dataTransferTypes.isEmpty)
        }
    }

    @Test func entityMembersAreTheModels() {
        for connector in ConnectorCatalogue.all {
            for (suffix, member) in [
                ("SourceProperties", connector.source?.entityMember),
                ("DestinationProperties", connector.destination?.entityMember),
            ] {
                guard let member else { continue }
                #expect(Self.members(connector.unionKey + suffix).contains(member), "\(connector.type) \(member)")
            }
            // What the model asks of a source beside its entity is a bucket.
            for name in Self.required("\(connector.unionKey)SourceProperties") {
                #expect(name == connector.source?.entityMember || name == "bucketName", "\(connector.type) \(name)")
            }
        }
    }

    @Test func profilesAndTheirAuthenticationAreTheModels() {
        let profiles = Self.members("ConnectorProfileProperties")
        for connector in ConnectorCatalogue.all {
            #expect(connector.needsProfile == profiles.contains(connector.unionKey), "\(connector.type)")
            let shape = "\(connector.unionKey)ConnectorProfileCredentials"
            let credentials = Self.members(shape) + (connector.type == "CustomConnector" ? ["username"] : [])
            guard !credentials.isEmpty, connector.type != "CustomConnector" else { continue }
            let basic = credentials.contains("username") || credentials.contains("basicAuthCredentials")
            #expect(connector.authentication.basic == basic, "\(connector.type)")
            let oAuth2 = credentials.contains { $0.lowercased().hasPrefix("oauth") }
            #expect((connector.authentication.oAuth2 != nil) == oAuth2, "\(connector.type)")
        }
    }

    @Test func enumsAreTheModels() {
        #expect(Set(Connector.Trigger.allCases.map(\.rawValue)) == Set(Self.values("TriggerType")))
        #expect(Connector.Frequency.allCases.map(\.rawValue) == Self.values("ScheduleFrequencyType"))
        let destinations = Set(Self.members("DestinationConnectorProperties"))
        for connector in ConnectorCatalogue.all {
            for other in connector.source?.destinations ?? [] { #expect(destinations.contains(other), "\(other)") }
            for operation in connector.destination?.writeOperations ?? [] {
                #expect(Self.values("WriteOperationType").contains(operation))
            }
            for grant in connector.authentication.oAuth2?.grants ?? [] {
                #expect(Self.values("OAuth2GrantType").contains(grant))
            }
        }
    }

    @Test func onlySalesforceHasEvents() {
        let sources = ConnectorCatalogue.all.filter { $0.source?.triggers.contains(.event) == true }
        #expect(sources.map(\.type) == ["Salesforce"])
    }

    @Test func renderingFitsTheModel() throws {
        for connector in ConnectorCatalogue.all {
            let configuration = ConnectorRendering.configuration(connector)
            try Self.check(configuration, "ConnectorConfiguration")
            try Self.check(ConnectorRendering.detail(connector), "ConnectorDetail")
            let metadata = configuration["connectorMetadata"]?.objectValue
            let hasOwn = Self.members("ConnectorMetadata").contains(connector.unionKey)
            #expect(metadata?.map(\.key) == (hasOwn ? [connector.unionKey] : nil), "\(connector.type)")
            let own = metadata?[connector.unionKey]?.objectValue ?? [:]
            // Every member that the model has for it, filled.
            #expect(Set(own.map(\.key)) == Set(Self.members("\(connector.unionKey)Metadata")), "\(connector.type)")
            for (key, value) in own where connector.type != "Honeycode" {
                #expect(value.arrayValue?.isEmpty == false, "\(connector.type).\(key)")
            }
        }
    }

    @Test func salesforceIsAsTheReferenceShowsIt() {
        let shown = ConnectorRendering.configuration(ApplicationConnectors.salesforce)
        #expect(shown["supportedTriggerTypes"] == ["Scheduled", "OnDemand", "Event"])
        #expect(
            shown["supportedSchedulingFrequencies"] == ["BYMINUTE", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "ONCE"])
        #expect(
            shown["connectorMetadata"] == [
                "Salesforce": [
                    "oAuthScopes": ["api", "refresh_token"],
                    "dataTransferApis": ["AUTOMATIC", "BULKV2", "REST_SYNC"],
                    "oauth2GrantTypesSupported": ["AUTHORIZATION_CODE", "JWT_BEARER"],
                ]
            ])
        let daily = ConnectorCatalogue.connector("Amplitude").map(ConnectorRendering.configuration)
        #expect(daily?["supportedSchedulingFrequencies"] == ["DAILY", "WEEKLY", "MONTHLY", "ONCE"])
    }

    @Test func entitiesCanBeReadAndFitTheModel() throws {
        var count = 0
        for connector in ConnectorCatalogue.all {
            let entities = ConnectorEntities(connector)
            #expect(entities.entities.count == connector.entities.split(separator: "\n").count, "\(connector.type)")
            #expect(Set(entities.entities.map(\.name)).count == entities.entities.count)
            for entity in entities.entities {
                try Self.check(ConnectorEntities.summary(entity), "ConnectorEntity")
                let fields = try #require(entities.fields(of: entity.name))
                #expect(!fields.isEmpty, "\(connector.type) \(entity.name)")
                let names = fields.compactMap { $0["identifier"]?.stringValue }
                #expect(Set(names).count == names.count, "\(connector.type) \(entity.name)")
                for field in fields { try Self.check(field, "ConnectorEntityField") }
                count += fields.count
            }
        }
        #expect(count > 500)
    }

    @Test func filtersOfFieldsAreThoseOfTheirTypeAndSource() throws {
        func operators(_ type: String, _ entity: String, _ field: String) throws -> [String] {
            let connector = try #require(ConnectorCatalogue.connector(type))
            let fields = try #require(ConnectorEntities(connector).fields(of: entity))
            let found = try #require(fields.first { $0["identifier"]?.stringValue == field })
            let texts = found["supportedFieldTypeDetails"]?["v1"]?["filterOperators"]?.arrayValue ?? []
            return texts.compactMap(\.stringValue)
        }
        #expect(try operators("Salesforce", "Account", "Name") == ["CONTAINS", "EQUAL_TO", "NOT_EQUAL_TO"])
        #expect(try operators("Salesforce", "Account", "AnnualRevenue") == ["EQUAL_TO"])
        #expect(try operators("Salesforce", "Account", "CreatedDate").contains("BETWEEN"))
        #expect(try operators("Zendesk", "tickets", "updated_at") == ["GREATER_THAN"])
        #expect(try operators("Slack", "conversations/C0123", "text") == ["EQUAL_TO"])
        #expect(ConnectorEntities(ApplicationConnectors.salesforce).fields(of: "Nothing") == nil)
    }
}
