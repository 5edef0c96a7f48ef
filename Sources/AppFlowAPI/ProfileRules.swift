// SPDX-License-Identifier: Apache-2.0

public import JSON

/// What the operations on connector profiles and custom connectors refuse beyond the constraints of single members.
public enum ProfileRules {
    private static let propertiesPath = "connectorProfileConfig.connectorProfileProperties"
    private static let credentialsPath = "connectorProfileConfig.connectorProfileCredentials"

    /// Checks a validated CreateConnectorProfile input on its own.
    /// - Throws: ValidationException.
    public static func checkCreate(_ input: JSONObject) throws(APIError) {
        let type = input["connectorType"]?.stringValue ?? ""
        let config = input["connectorProfileConfig"]
        try checkProperties(config?["connectorProfileProperties"], connectorType: type, path: propertiesPath)
        if let member = try credentialsMember(input), member != ConnectorNames.unionKey(of: type) {
            throw otherCredentials(than: type)
        }
        if type == "CustomConnector", input["connectorLabel"] == nil {
            throw .validation("A connectorLabel is required for the connector type CustomConnector.")
        }
    }

    /// The one member of the credentials in a validated input of CreateConnectorProfile or UpdateConnectorProfile,
    /// which names the connector they are for; nil where there are none. Nothing of what is refused is quoted: it may
    /// be a secret in the wrong place.
    /// - Throws: ValidationException.
    public static func credentialsMember(_ input: JSONObject) throws(APIError) -> String? {
        guard let credentials = input["connectorProfileConfig"]?["connectorProfileCredentials"]?.objectValue,
            !credentials.isEmpty
        else { return nil }
        let model = ServiceModel.shared
        guard credentials.count == 1, let member = credentials.keys.first,
            case .structure(let union)? = model.shape(named: "ConnectorProfileCredentials")?.kind,
            union.places[member] != nil
        else {
            throw .validation(
                "The value at '\(credentialsPath)' must have exactly one member, that of the connector it is for.")
        }
        return member
    }

    /// Credentials that are for another connector than the profile's.
    public static func otherCredentials(than connectorType: String) -> APIError {
        .validation(
            "The connector properties at '\(credentialsPath)' do not match the connector type \(connectorType).")
    }

    /// Checks that properties are those of a connector, and that it has profiles at all. An empty object stands for the
    /// properties of a connector that needs none.
    /// - Throws: ValidationException.
    public static func checkProperties(
        _ properties: JSONValue?, connectorType: String, path: String
    ) throws(APIError) {
        let model = ServiceModel.shared
        let key = ConnectorNames.unionKey(of: connectorType)
        guard let union = model.shape(named: "ConnectorProfileProperties"), case .structure(let members) = union.kind,
            let place = members.places[key]
        else { throw .validation("The connector type \(connectorType) does not use connector profiles.") }
        let given = properties?.objectValue ?? [:]
        if given.isEmpty, case .structure(let own) = model.shapes[members.members[place].shape].kind,
            own.required.isEmpty
        {
            return
        }
        _ = try ConnectorNames.ownProperties(in: given, of: connectorType, path: path)
    }

    /// The properties to keep: without members that the model does not know, so that a secret in the wrong place goes
    /// nowhere.
    public static func knownProperties(_ input: JSONObject) -> JSONValue {
        let model = ServiceModel.shared
        let given = input["connectorProfileConfig"]?["connectorProfileProperties"] ?? .object([:])
        guard let place = model.shapesByName["ConnectorProfileProperties"] else { return .object([:]) }
        return FlowRendering.pruned(given, shape: place, model)
    }

    /// What to keep of the input of RegisterConnector or UpdateConnectorRegistration: what the model knows.
    public static func knownRegistration(_ input: JSONObject, operation: String) -> JSONObject {
        let model = ServiceModel.shared
        guard let place = APIOperation.named(operation).flatMap(model.input) else { return [:] }
        return FlowRendering.pruned(.object(input), shape: place, model).objectValue ?? [:]
    }

    /// Checks a validated RegisterConnector input, or that of UpdateConnectorRegistration.
    /// - Throws: ValidationException.
    public static func checkRegistration(_ input: JSONObject, isNew: Bool) throws(APIError) {
        if isNew {
            for member in ["connectorLabel", "connectorProvisioningConfig"] where input[member] == nil {
                throw .validation("A \(member) is required to register a connector.")
            }
        }
        guard let config = input["connectorProvisioningConfig"] else { return }
        guard let arn = config["lambda"]?["lambdaArn"]?.stringValue else {
            throw .validation("connectorProvisioningConfig must name a Lambda function: lambda.lambdaArn.")
        }
        // arn:aws:lambda:REGION:ACCOUNT:function:NAME, perhaps with a version or an alias.
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 7 || parts.count == 8, parts[2] == "lambda", parts[5] == "function", !parts[6].isEmpty,
            parts.last?.isEmpty == false
        else { throw .validation("The lambdaArn is not the ARN of a Lambda function.") }
    }
}
