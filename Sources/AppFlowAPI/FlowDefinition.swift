// SPDX-License-Identifier: Apache-2.0

public import JSON

/// Typed view of a flow's definition, read from a validated CreateFlow or UpdateFlow input.
public struct FlowDefinition: Sendable, Equatable {
    public let flowName: String
    public let description: String?
    public let kmsArn: String?
    public let trigger: TriggerDefinition
    public let source: SourceDefinition
    public let destinations: [DestinationDefinition]
    /// The profile of each destination, in order; nil where none is named.
    public let destinationProfileNames: [String?]
    public let tasks: [FlowTask]
    /// Texts by tag key.
    public let tags: JSONObject
    public let metadataCatalogConfig: JSONObject?

    /// Throws a ValidationException if a connector's own properties are missing: the model leaves them optional.
    public init(input: JSONObject) throws(APIError) {
        flowName = input["flowName"]?.stringValue ?? ""
        description = input["description"]?.stringValue
        kmsArn = input["kmsArn"]?.stringValue
        trigger = TriggerDefinition(input["triggerConfig"])
        source = try SourceDefinition(input["sourceFlowConfig"])
        var destinations: [DestinationDefinition] = []
        for (index, value) in (input["destinationFlowConfigList"]?.arrayValue ?? []).enumerated() {
            destinations.append(
                try DestinationDefinition(value, path: DestinationRules.path(index)))
        }
        self.destinations = destinations
        destinationProfileNames = (input["destinationFlowConfigList"]?.arrayValue ?? []).map {
            $0["connectorProfileName"]?.stringValue
        }
        tasks = (input["tasks"]?.arrayValue ?? []).map { FlowTask($0) }
        tags = input["tags"]?.objectValue ?? [:]
        metadataCatalogConfig = input["metadataCatalogConfig"]?.objectValue
    }

    /// A definition from the text that the store keeps of it.
    /// - Throws: `JSONParseError`, or what `init(input:)` throws.
    public init(stored text: String) throws {
        try self.init(input: try JSONValue.parse(Array(text.utf8)).objectValue ?? [:])
    }
}

/// When a flow runs.
public struct TriggerDefinition: Sendable, Equatable {
    /// `OnDemand`, `Scheduled` or `Event`.
    public let type: String
    /// The `triggerProperties` as given, empty if they were not.
    public let properties: JSONObject

    init(_ value: JSONValue?) {
        type = value?["triggerType"]?.stringValue ?? ""
        properties = value?["triggerProperties"]?.objectValue ?? [:]
    }
}

/// Where a flow reads.
public struct SourceDefinition: Sendable, Equatable {
    public enum Properties: Sendable, Equatable {
        /// `prefix` is a raw key prefix and may be empty.
        case s3(bucket: String, prefix: String, inputType: S3InputType)
        /// The properties of any other connector, under the connector's own member name.
        case other(JSONObject)
    }

    public let connectorType: String
    public let apiVersion: String?
    public let connectorProfileName: String?
    public let properties: Properties
    public let incrementalPullConfig: JSONObject?

    init(_ value: JSONValue?) throws(APIError) {
        connectorType = value?["connectorType"]?.stringValue ?? ""
        apiVersion = value?["apiVersion"]?.stringValue
        connectorProfileName = value?["connectorProfileName"]?.stringValue
        incrementalPullConfig = value?["incrementalPullConfig"]?.objectValue
        if let known = ConnectorCatalogue.connector(connectorType), known.source == nil {
            throw .validation("Connector \(connectorType) can not be used as a source.")
        }
        let all = value?["sourceConnectorProperties"]?.objectValue ?? [:]
        let own = try ConnectorNames.ownProperties(
            in: all, of: connectorType, path: "sourceFlowConfig.sourceConnectorProperties")
        guard connectorType == "S3" else {
            properties = .other(own)
            return
        }
        properties = .s3(
            bucket: own["bucketName"]?.stringValue ?? "", prefix: own["bucketPrefix"]?.stringValue ?? "",
            inputType: own["s3InputFormatConfig"]?["s3InputFileType"]?.stringValue.flatMap(S3InputType.init) ?? .csv)
    }

    /// The member name of the source in unions such as `connectorOperator`.
    public var unionKey: String { ConnectorNames.unionKey(of: connectorType) }
}

/// Format of the files of an S3 source. Older definitions that do not say are CSV.
public enum S3InputType: String, Sendable {
    case csv = "CSV"
    case json = "JSON"
}

/// Where a flow writes.
public enum DestinationDefinition: Sendable, Equatable {
    case s3(S3Destination)
    /// The properties of any other connector, under the connector's own member name.
    case other(connectorType: String, properties: JSONObject)

    init(_ value: JSONValue, path: String) throws(APIError) {
        let type = value["connectorType"]?.stringValue ?? ""
        if let known = ConnectorCatalogue.connector(type), known.destination == nil {
            throw .validation("Connector \(type) can not be used as a destination.")
        }
        let all = value["destinationConnectorProperties"]?.objectValue ?? [:]
        let own = try ConnectorNames.ownProperties(
            in: all, of: type, path: path + ".destinationConnectorProperties")
        self = type == "S3" ? .s3(S3Destination(own)) : .other(connectorType: type, properties: own)
    }

    public var connectorType: String {
        switch self {
        case .s3: "S3"
        case .other(let type, _): type
        }
    }

    public var s3: S3Destination? {
        if case .s3(let destination) = self { return destination }
        return nil
    }

    /// What a person would call the place it writes to: `s3://bucket[/prefix]`, or the object of another connector.
    public var place: String { s3?.place ?? object ?? connectorType }

    /// The entity that a record-level destination writes to; a bucket is no such object.
    public var object: String? {
        guard case .other(_, let properties) = self else { return nil }
        return (properties["object"] ?? properties["objectPath"] ?? properties["entityName"])?.stringValue
    }
}
