// SPDX-License-Identifier: Apache-2.0

/// Services that only take records, and the connectors that users register.
enum ServiceConnectors {
    static let all = [eventBridge, lookoutMetrics, customerProfiles, honeycode, custom]

    static let eventBridge = Connector(
        type: "EventBridge", name: "Amazon EventBridge", description: "Partner event buses.",
        destination: .init(onlyTriggers: [.event]))

    static let lookoutMetrics = Connector(
        type: "LookoutMetrics", name: "Amazon Lookout for Metrics", description: "Detection of anomalies in metrics.",
        destination: .init(onlyTriggers: [.scheduled], entityMember: nil))

    static let customerProfiles = Connector(
        type: "CustomerProfiles", name: "Amazon Connect Customer Profiles", description: "Unified customer profiles.",
        destination: .init(entityMember: "domainName"))

    static let honeycode = Connector(
        type: "Honeycode", name: "Amazon Honeycode", description: "Tables of Honeycode workbooks.",
        destination: .init(), authentication: .init(oAuth2: .init()))

    static let custom = Connector(
        type: "CustomConnector", name: "Custom connector", description: "Connectors that users register.",
        source: .init(
            fastest: .byMinute, destinations: DestinationLists.everything, entityMember: "entityName"),
        destination: .init(writeOperations: ["INSERT", "UPSERT", "UPDATE", "DELETE"], entityMember: "entityName"),
        authentication: .init(
            basic: true, apiKey: true,
            oAuth2: .init(grants: ["CLIENT_CREDENTIALS", "AUTHORIZATION_CODE", "JWT_BEARER"]), custom: [("*", true)]))
}
