// SPDX-License-Identifier: Apache-2.0

/// Every connector of the model, in the order of its enum ConnectorType. The facts are in the files beside this one.
public enum ConnectorCatalogue {
    public static let all: [Connector] = {
        let types = ServiceModel.shared.shape(named: "ConnectorType")?.allowedValues ?? []
        return types.compactMap { byType[$0] }
    }()

    public static func connector(_ type: String) -> Connector? { byType[type] }

    private static let byType: [String: Connector] = {
        let listed =
            ApplicationConnectors.all + MarketingConnectors.all + TelemetryConnectors.all + StoreConnectors.all
            + ServiceConnectors.all
        return Dictionary(listed.map { ($0.type, $0) }) { first, _ in first }
    }()
}

/// Where flows may go, as AppFlow's user guide lists it for groups of sources.
enum DestinationLists {
    static let common =
        [
            "CustomerProfiles", "Honeycode", "LookoutMetrics", "Redshift", "S3", "Marketo", "Salesforce", "Snowflake",
            "Upsolver", "Zendesk",
        ] + custom
    static let salesforce = common + ["EventBridge"]
    static let withoutLookout = common.filter { $0 != "LookoutMetrics" }
    static let s3 = withoutLookout + ["SAPOData"]
    static let sap = ["CustomerProfiles", "Redshift", "S3", "SAPOData"] + custom
    /// Whatever the connector's Lambda function can write to.
    static let custom = ["CustomConnector"]
    static let everything =
        salesforce + ["SAPOData"]
}
