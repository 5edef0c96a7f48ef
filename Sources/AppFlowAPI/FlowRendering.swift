// SPDX-License-Identifier: Apache-2.0

public import JSON

/// How a flow's definition goes back to the client.
public enum FlowRendering {
    /// The definition part of DescribeFlow's answer from a validated CreateFlow input: members that the model knows, in
    /// the client's order, with the defaults that the real service echoes, timestamps as numbers. The client token stays
    /// out. Tasks keep their order: clients compare them.
    public static func echoedDefinition(_ input: JSONObject) -> JSONObject {
        let model = ServiceModel.shared
        var result: JSONObject = [:]
        guard let answer = model.shape(named: "DescribeFlowResponse"), case .structure(let structure) = answer.kind
        else { return result }
        for (key, value) in input {
            guard let place = structure.places[key], definitionMembers.contains(key), !value.isNull else { continue }
            result[key] = pruned(value, shape: structure.members[place].shape, model)
        }
        setDefaults(&result)
        return result
    }

    private static let definitionMembers: Set<String> = [
        "flowName", "description", "kmsArn", "sourceFlowConfig", "destinationFlowConfigList", "triggerConfig", "tasks",
        "tags", "metadataCatalogConfig",
    ]

    private static func setDefaults(_ definition: inout JSONObject) {
        definition["triggerConfig"] = definition["triggerConfig"].map {
            withDefault($0, "triggerProperties", .object([:]))
        }
        definition["destinationFlowConfigList"] = definition["destinationFlowConfigList"]?.arrayValue.map {
            .array($0.map(destinationWithDefaults))
        }
        definition["tasks"] = definition["tasks"]?.arrayValue.map { tasks in
            .array(tasks.map { withDefault($0, "taskProperties", .object([:])) })
        }
        if definition["tags"] == nil { definition["tags"] = .object([:]) }
    }

    private static func destinationWithDefaults(_ destination: JSONValue) -> JSONValue {
        guard var config = destination.objectValue,
            var properties = config["destinationConnectorProperties"]?.objectValue,
            var s3 = properties["S3"]?.objectValue
        else { return destination }
        var format = s3["s3OutputFormatConfig"] ?? .object([:])
        format = withDefault(format, "fileType", "JSON")
        format = withDefault(format, "prefixConfig", .object([:]))
        format = withDefault(format, "aggregationConfig", .object([:]))
        if let aggregation = format["aggregationConfig"], var object = format.objectValue {
            object["aggregationConfig"] = withDefault(aggregation, "aggregationType", "None")
            format = .object(object)
        }
        s3["s3OutputFormatConfig"] = format
        properties["S3"] = .object(s3)
        config["destinationConnectorProperties"] = .object(properties)
        return .object(config)
    }

    private static func withDefault(_ value: JSONValue, _ key: String, _ fallback: JSONValue) -> JSONValue {
        guard var object = value.objectValue, object[key] == nil else { return value }
        object[key] = fallback
        return .object(object)
    }

    /// The value without members that the model does not know or that are null.
    static func pruned(_ value: JSONValue, shape place: Int, _ model: ServiceModel) -> JSONValue {
        switch (model.shapes[place].kind, value) {
        case (.structure(let structure), .object(let object)):
            var result: JSONObject = [:]
            for (key, member) in object where !member.isNull {
                guard let index = structure.places[key] else { continue }
                result[key] = pruned(member, shape: structure.members[index].shape, model)
            }
            return .object(result)
        case (.list(let element), .array(let elements)):
            return .array(elements.map { pruned($0, shape: element, model) })
        case (.map(_, let entry), .object(let object)):
            var result: JSONObject = [:]
            for (key, member) in object where !member.isNull { result[key] = pruned(member, shape: entry, model) }
            return .object(result)
        case (.timestamp, _): return WireTimestamp.parse(value).map { WireTimestamp.json(microseconds: $0) } ?? value
        default: return value
        }
    }
}
