// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The rules for a flow's tasks. Each answers the problems it finds, naming the task by its number and type.
enum TaskRules {
    private struct Kind {
        /// How AppFlow's messages call the kind: lower case with the article's noun, and the internal name.
        let noun: String
        let internalName: String
        let operators: Set<String>
    }

    static let filterOperators: Set<String> = [
        "PROJECTION", "EQUAL_TO", "NOT_EQUAL_TO", "CONTAINS", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN",
        "GREATER_THAN_OR_EQUAL_TO", "BETWEEN",
    ]

    private static let kinds: [String: Kind] = [
        "Filter": Kind(noun: "filtering", internalName: "FILTERING", operators: filterOperators),
        "Map": Kind(noun: "mapping", internalName: "MAPPING", operators: ["NO_OP"]),
        "Map_all": Kind(noun: "map all", internalName: "MAP_ALL", operators: ["NO_OP"]),
        "Merge": Kind(noun: "merging", internalName: "MERGING", operators: ["NO_OP"]),
        "Truncate": Kind(noun: "truncating", internalName: "TRUNCATING", operators: ["NO_OP"]),
        "Partition": Kind(noun: "partitioning", internalName: "PARTITIONING", operators: ["NO_OP"]),
        "Passthrough": Kind(noun: "passthrough", internalName: "PASSTHROUGH", operators: ["NO_OP"]),
        "Arithmetic": Kind(
            noun: "arithmetic", internalName: "ARITHMETIC",
            operators: ["ADDITION", "SUBTRACTION", "MULTIPLICATION", "DIVISION"]),
        "Mask": Kind(
            noun: "masking", internalName: "MASKING", operators: ["MASK_ALL", "MASK_FIRST_N", "MASK_LAST_N"]),
        "Validate": Kind(
            noun: "validating", internalName: "VALIDATING",
            operators: [
                "VALIDATE_NON_NULL", "VALIDATE_NON_ZERO", "VALIDATE_NON_NEGATIVE", "VALIDATE_NUMERIC",
            ]),
    ]

    /// Operators that do not fit their task. An operator under another connector's key is none: AppFlow sees `NO_OP`.
    static func operatorProblems(_ definition: FlowDefinition) -> [String] {
        var problems: [String] = []
        for (index, task) in definition.tasks.enumerated() {
            if task.connectorOperators.count > 1 {
                let keys = task.connectorOperators.map(\.key).joined(separator: ", ")
                problems.append(
                    "\(name(task, index)) must have exactly one connector operator, found \(MessageText.truncated(keys))"
                )
                continue
            }
            let op = task.operatorName(for: definition.source.unionKey)
            guard let kind = kinds[task.taskType], !kind.operators.contains(op) else { continue }
            problems.append(
                "The operator \(op) is not valid for \(kind.noun) tasks. The task sourceConnectorType is "
                    + "\(kind.internalName) and the task operator is \(op)")
        }
        return problems
    }

    /// Fields and properties that single tasks lack or that cannot be read.
    static func taskProblems(_ definition: FlowDefinition) -> [String] {
        var problems: [String] = []
        // How other sources write the values of filters is for them to say.
        let readsValues = definition.source.connectorType == "S3"
        for (index, task) in definition.tasks.enumerated() {
            let op = task.operatorName(for: definition.source.unionKey)
            for problem in fieldProblems(task, op) + TaskPropertyRules.problems(task, op, readsValues: readsValues) {
                problems.append("\(name(task, index)): \(problem)")
            }
        }
        return problems
    }

    /// What the list of tasks lacks as a whole.
    static func wholeProblems(_ definition: FlowDefinition, isStrict: Bool = false) -> [String] {
        let tasks = definition.tasks
        let projections = tasks.filter {
            $0.taskType == "Filter" && $0.operatorName(for: definition.source.unionKey) == "PROJECTION"
        }
        let types = tasks.map(\.taskType)
        let mapAlls = types.filter { $0 == "Map_all" }.count
        let passes = types.contains("Passthrough")
        // AppFlow refuses it, though its own published examples only map. Nothing is lost without: the fields that tasks
        // name are read in any case. A source without the operator, such as Amplitude, has no projections.
        let projects = ConnectorCatalogue.connector(definition.source.connectorType)?.operators.contains("PROJECTION")
        if isStrict, projects == true, projections.isEmpty, mapAlls == 0, !passes {
            return ["You must specify a projection task or a MAP_ALL task"]
        }
        var problems: [String] = []
        if projections.count > 1 { problems.append("You can specify only one projection task") }
        if mapAlls > 1 { problems.append("You can specify only one MAP_ALL task") }
        if mapAlls == 0, !passes, !types.contains("Map") {
            problems.append(
                tasks.isEmpty
                    ? "The list of tasks is empty: the flow would write nothing. You must specify a Map or a Map_all task"
                    : "No task maps a field to the destination: the flow would write nothing. "
                        + "You must specify a Map or a Map_all task")
        }
        return problems + repeatedDestinations(tasks)
    }

    private static func repeatedDestinations(_ tasks: [FlowTask]) -> [String] {
        var seen = Set<String>()
        var told = Set<String>()
        var problems: [String] = []
        for task in tasks where task.taskType == "Map" {
            guard let field = task.destinationField, !seen.insert(field).inserted, told.insert(field).inserted else {
                continue
            }
            problems.append("More than one Map task writes the destination field \(MessageText.truncated(field))")
        }
        return problems
    }

    private static func fieldProblems(_ task: FlowTask, _ op: String) -> [String] {
        var problems: [String] = []
        let count = task.sourceFields.count
        let wanted: (least: Int, most: Int?, text: String)? =
            switch task.taskType {
            case "Map", "Mask", "Truncate", "Validate": (1, 1, "exactly 1 source field is")
            case "Filter":
                op == "PROJECTION" ? (1, nil, "at least 1 source field is") : (1, 1, "exactly 1 source field is")
            case "Arithmetic": (2, 2, "exactly 2 source fields are")
            case "Merge": (2, nil, "at least 2 source fields are")
            default: nil
            }
        if let wanted, count < wanted.least || count > wanted.most ?? .max {
            problems.append("\(wanted.text) required, found \(count)")
        } else if wanted != nil, op != "PROJECTION", task.sourceFields.contains("") {
            // Elsewhere, Terraform configurations in use write a list of one empty name for an empty list.
            problems.append("a source field must not be empty")
        }
        if ["Map", "Merge", "Arithmetic"].contains(task.taskType), task.destinationField == nil {
            problems.append("a destinationField is required")
        }
        return problems
    }

    private static func name(_ task: FlowTask, _ index: Int) -> String { "Task \(index + 1) (\(task.taskType))" }
}
