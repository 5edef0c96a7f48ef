// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The two spellings of a connector: its type (`Googleanalytics`) and its member in unions (`GoogleAnalytics`).
public enum ConnectorNames {
    private static let exceptions = [
        "Googleanalytics": "GoogleAnalytics", "Servicenow": "ServiceNow", "Infornexus": "InforNexus",
    ]

    /// The member name of a connector type in `connectorOperator`, `sourceConnectorProperties` and the like.
    public static func unionKey(of connectorType: String) -> String { exceptions[connectorType] ?? connectorType }

    /// The properties of that connector inside a union, refusing their absence and a second member beside them.
    static func ownProperties(
        in union: JSONObject, of connectorType: String, path: String
    ) throws(APIError) -> JSONObject {
        let key = unionKey(of: connectorType)
        guard let own = union[key]?.objectValue else {
            throw .validation(
                "The connector properties at '\(path)' do not match the connector type \(connectorType): "
                    + "member \(key) is required.")
        }
        if let other = union.keys.first(where: { $0 != key && ServiceModel.shared.unionKeys.contains($0) }) {
            throw .validation(
                "The connector properties at '\(path)' must have exactly one member, \(key); found \(other) too.")
        }
        return own
    }
}
