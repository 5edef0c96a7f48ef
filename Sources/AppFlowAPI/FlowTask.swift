// SPDX-License-Identifier: Apache-2.0

public import JSON

/// One task of a flow definition.
public struct FlowTask: Sendable, Equatable {
    /// The operator for one connector: the key is the connector's member name (`S3`, `GoogleAnalytics`).
    public struct Operator: Sendable, Equatable {
        public let key: String
        public let op: String

        public init(key: String, op: String) {
            self.key = key
            self.op = op
        }
    }

    /// `Filter`, `Map`, `Map_all`, …
    public let taskType: String
    public let sourceFields: [String]
    /// The operators as given. A well-formed task has at most one, under the key of the flow's source.
    public let connectorOperators: [Operator]
    /// The target field; nil also if it was given as an empty text.
    public let destinationField: String?
    public let properties: [String: String]

    public init(
        taskType: String, sourceFields: [String], connectorOperator: (key: String, op: String)? = nil,
        destinationField: String? = nil, properties: [String: String] = [:]
    ) {
        self.taskType = taskType
        self.sourceFields = sourceFields
        self.connectorOperators = connectorOperator.map { [Operator(key: $0.key, op: $0.op)] } ?? []
        self.destinationField = destinationField?.isEmpty == true ? nil : destinationField
        self.properties = properties
    }

    /// Reads a task of a validated input.
    public init(_ value: JSONValue) {
        taskType = value["taskType"]?.stringValue ?? ""
        sourceFields = (value["sourceFields"]?.arrayValue ?? []).compactMap(\.stringValue)
        connectorOperators = (value["connectorOperator"]?.objectValue ?? [:]).compactMap { key, value in
            value.stringValue.map { Operator(key: key, op: $0) }
        }
        let destination = value["destinationField"]?.stringValue
        destinationField = destination?.isEmpty == true ? nil : destination
        var properties: [String: String] = [:]
        for (key, value) in value["taskProperties"]?.objectValue ?? [:] { properties[key] = value.stringValue }
        self.properties = properties
    }

    /// The first operator given, whatever connector it is for.
    public var connectorOperator: (key: String, op: String)? {
        connectorOperators.first.map { (key: $0.key, op: $0.op) }
    }

    /// The operator for an S3 source; `NO_OP` if there is none, as AppFlow reads it.
    public var operatorName: String { operatorName(for: "S3") }

    /// The operator for the source of that member name; `NO_OP` if there is none, as AppFlow reads it.
    public func operatorName(for sourceKey: String) -> String {
        connectorOperators.first { $0.key == sourceKey }?.op ?? "NO_OP"
    }

    /// What a filter compares with: `VALUES` split at commas without trimming, or else `VALUE` as one literal; nil if
    /// neither is given.
    public var filterValues: [String]? {
        if let values = properties["VALUES"] {
            return values.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        return properties["VALUE"].map { [$0] }
    }
}
