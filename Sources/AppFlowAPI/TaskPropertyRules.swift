// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The rules for the `taskProperties` of one task, by its type and operator.
enum TaskPropertyRules {
    /// - Parameter readsValues: the values of filters must be of the filter's data type.
    static func problems(_ task: FlowTask, _ op: String, readsValues: Bool) -> [String] {
        switch task.taskType {
        case "Filter": filter(task, op, readsValues)
        case "Map_all": fieldList(task, "EXCLUDE_SOURCE_FIELDS_LIST", plain: false)
        case "Partition": fieldList(task, "ORDERED_PARTITION_KEYS_LIST", plain: true)
        case "Merge": task.properties["CONCAT_FORMAT"] == nil ? ["the property CONCAT_FORMAT is required"] : []
        case "Arithmetic": operandOrder(task)
        case "Mask": mask(task, op)
        case "Truncate": length(task, "TRUNCATE_LENGTH", isRequired: true)
        case "Validate": validation(task)
        default: []
        }
    }

    private static func filter(_ task: FlowTask, _ op: String, _ readsValues: Bool) -> [String] {
        switch op {
        case "PROJECTION": return []
        case "BETWEEN":
            var problems: [String] = []
            for key in ["LOWER_BOUND", "UPPER_BOUND"] {
                guard let bound = task.properties[key] else {
                    problems.append("the property \(key) is required for BETWEEN")
                    continue
                }
                if readsValues { problems += unreadable([bound], key, task) }
            }
            return problems
        default: break
        }
        guard let values = task.filterValues else {
            return ["the property VALUE or VALUES is required for \(op)"]
        }
        if isComparison(op), values.count > 1 {
            return ["\(op) compares with one value, found \(values.count) in VALUES"]
        }
        return !readsValues ? [] : unreadable(values, task.properties["VALUES"] == nil ? "VALUE" : "VALUES", task)
    }

    private static func isComparison(_ op: String) -> Bool { op.hasPrefix("LESS_THAN") || op.hasPrefix("GREATER_THAN") }

    private static func unreadable(_ values: [String], _ key: String, _ task: FlowTask) -> [String] {
        guard let name = task.properties["DATA_TYPE"] else { return [] }
        let type = TaskDataType(name: name)
        guard let bad = values.first(where: { !type.accepts($0) }) else { return [] }
        return ["the property \(key) has the value '\(MessageText.truncated(bad))', which is not a valid \(name)"]
    }

    /// A JSON array of names as text. With `plain`, names joined by commas will do as well.
    private static func fieldList(_ task: FlowTask, _ key: String, plain: Bool) -> [String] {
        guard let text = task.properties[key] else { return [] }
        if plain, !text.hasPrefix("[") { return [] }
        if let names = (try? JSONValue.parse(text))?.arrayValue, names.allSatisfy({ $0.stringValue != nil }) {
            return []
        }
        return ["the property \(key) must be a JSON array of field names"]
    }

    private static func operandOrder(_ task: FlowTask) -> [String] {
        guard let order = task.properties["MATH_OPERATION_FIELDS_ORDER"] else { return [] }
        let fields = task.sourceFields
        guard fields.count == 2 else { return [] }
        // Compared whole: field names may hold commas themselves.
        if order == fields.joined(separator: ",") || order == fields.reversed().joined(separator: ",") { return [] }
        return ["the property MATH_OPERATION_FIELDS_ORDER must name the two source fields"]
    }

    private static func mask(_ task: FlowTask, _ op: String) -> [String] {
        var problems = length(task, "MASK_LENGTH", isRequired: op != "MASK_ALL")
        if let value = task.properties["MASK_VALUE"], value.count != 1 {
            problems.append("the property MASK_VALUE must be one character")
        }
        return problems
    }

    private static func length(_ task: FlowTask, _ key: String, isRequired: Bool) -> [String] {
        guard let text = task.properties[key] else {
            return isRequired ? ["the property \(key) is required"] : []
        }
        guard let length = Int(text), length > 0 else { return ["the property \(key) must be a positive integer"] }
        return []
    }

    private static func validation(_ task: FlowTask) -> [String] {
        switch task.properties["VALIDATION_ACTION"] {
        case "DropRecord", "DropDataset": []
        case nil: ["the property VALIDATION_ACTION is required"]
        default: ["the property VALIDATION_ACTION must be DropRecord or DropDataset"]
        }
    }
}
