// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What CreateFlow and UpdateFlow refuse beyond the constraints of single members, in AppFlow's words where they are
/// known.
public enum SemanticRules {
    /// Checks a definition on its own. Whether the profiles it names exist is for the controller, who has the rows.
    /// - Parameters:
    ///   - operation: `Create` or `Update`; messages begin with it.
    ///   - isStrict: AppFlow's own limits bind where Millrace is more generous.
    /// - Throws: ValidationException.
    public static func checkFlow(
        _ definition: FlowDefinition, operation: String, isStrict: Bool = false
    ) throws(APIError) {
        try refuse(ConnectorRules.problems(definition, isStrict: isStrict), operation)
        try refuse(taskErrors(TaskRules.operatorProblems(definition)), operation)
        try refuse(taskErrors(TaskRules.taskProblems(definition)), operation)
        try refuse(taskErrors(TaskRules.wholeProblems(definition, isStrict: isStrict)), operation)
        if isStrict { try refuse(taskErrors(TaskLimits.problems(definition)), operation) }
    }

    /// Checks what an update must not change: the source's connector, and connector and object of the destination. A
    /// list of several destinations, of which AppFlow knows nothing, may change as a whole.
    /// - Throws: ValidationException.
    public static func checkUpdate(old: FlowDefinition, new: FlowDefinition) throws(APIError) {
        var problems: [String] = []
        if old.source.connectorType != new.source.connectorType {
            problems.append("Source connector can not be updated")
        }
        if old.destinations.count == 1, new.destinations.count == 1 {
            if old.destinations[0].connectorType != new.destinations[0].connectorType {
                problems.append("Destination connector can not be updated")
            } else if old.destinations[0].object != new.destinations[0].object {
                problems.append("Destination object for the destination connector can not be updated")
            }
        }
        try refuse(problems, "Update")
    }

    /// Whether an update starts a new schema version: other field mappings, data types or partition settings. The
    /// order of tasks does not matter, as it does not to AppFlow.
    public static func schemaVersionChanges(old: FlowDefinition, new: FlowDefinition) -> Bool {
        schemaTasks(old) != schemaTasks(new) || partitioning(old) != partitioning(new)
    }

    private static func refuse(_ problems: [String], _ operation: String) throws(APIError) {
        guard !problems.isEmpty else { return }
        // AppFlow words the two operations differently.
        let head = operation == "Update" ? "Update Flow request failed due to:" : "\(operation) Flow request failed: "
        throw .validation("\(head)[\(problems.joined(separator: ", "))]")
    }

    private static func taskErrors(_ problems: [String]) -> [String] { problems.map { "Task Validation Error: " + $0 } }

    private static let schemaTaskTypes: Set<String> = [
        "Map", "Map_all", "Merge", "Arithmetic", "Partition", "Passthrough",
    ]

    /// One comparable text per task that shapes the output.
    private static func schemaTasks(_ definition: FlowDefinition) -> [String] {
        definition.tasks.filter { schemaTaskTypes.contains($0.taskType) }.map { task in
            let properties = task.properties.sorted { $0.key < $1.key }.map {
                JSONValue.array([.string($0.key), .string($0.value)])
            }
            let parts: [JSONValue] = [
                .string(task.taskType), .array(task.sourceFields.map { .string($0) }),
                .string(task.operatorName(for: definition.source.unionKey)), .string(task.destinationField ?? ""),
                .array(properties),
            ]
            return JSONValue.array(parts).serializedString()
        }.sorted()
    }

    private static func partitioning(_ definition: FlowDefinition) -> [String] {
        definition.destinations.map { destination in
            guard let s3 = destination.s3 else { return "" }
            let parts =
                [s3.prefixType?.rawValue ?? "", s3.prefixFormat?.rawValue ?? ""]
                + s3.pathPrefixHierarchy.map(\.rawValue).sorted() + [s3.preserveSourceDataTyping ? "typed" : ""]
            return parts.joined(separator: " ")
        }
    }
}
