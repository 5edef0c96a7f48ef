// SPDX-License-Identifier: Apache-2.0
internal import AppFlowAPI

/// Compiles the Filter tasks of an S3 source, PROJECTION aside.
enum FilterCompiler {
    static func compile(_ task: FlowTask, at index: Int) throws(PlanError) -> RecordFilter {
        guard task.sourceFields.count == 1 else {
            throw PlanError(taskIndex: index, "a filter takes one source field, found \(task.sourceFields.count)")
        }
        let type = TaskDataType(name: task.properties["DATA_TYPE"] ?? "string")
        let predicate: RecordFilter.Predicate
        switch type {
        case .text: predicate = .text(try comparison(task, index) { TextLiteral($0) })
        case .number: predicate = .number(try comparison(task, index) { DecimalText($0) })
        case .dateTime: predicate = .instant(try comparison(task, index) { Instant($0) })
        case .boolean:
            predicate = .boolean(
                try comparison(task, index) { text in
                    Array(text.utf8).withUnsafeBufferPointer { bytes in
                        bytes.baseAddress.flatMap { RecordFilter.boolean($0, bytes.count) }
                    }
                })
        }
        return RecordFilter(field: Array(task.sourceFields[0].utf8), predicate: predicate)
    }

    private static func comparison<Literal: Sendable>(
        _ task: FlowTask, _ index: Int, _ read: (String) -> Literal?
    ) throws(PlanError) -> Comparison<Literal> {
        func literal(_ text: String, _ key: String) throws(PlanError) -> Literal {
            if let value = read(text) { return value }
            let type = task.properties["DATA_TYPE"] ?? "string"
            throw PlanError(taskIndex: index, "the property \(key) is not a valid \(type)")
        }
        func bound(_ key: String) throws(PlanError) -> Literal {
            guard let text = task.properties[key] else {
                throw PlanError(taskIndex: index, "the property \(key) is required for BETWEEN")
            }
            return try literal(text, key)
        }
        let op = task.operatorName
        if op == "BETWEEN" {
            return Comparison(relation: .between, literals: [try bound("LOWER_BOUND"), try bound("UPPER_BOUND")])
        }
        guard let relation = relations[op] else {
            throw PlanError(taskIndex: index, "the filter operator \(op) is not known")
        }
        guard let texts = task.filterValues, !texts.isEmpty else {
            throw PlanError(taskIndex: index, "the property VALUE or VALUES is required for \(op)")
        }
        let key = task.properties["VALUES"] == nil ? "VALUE" : "VALUES"
        if relation != .equal, relation != .notEqual, texts.count > 1 {
            throw PlanError(taskIndex: index, "\(op) compares with one value, found \(texts.count)")
        }
        var literals: [Literal] = []
        for text in texts { literals.append(try literal(text, key)) }
        return Comparison(relation: relation, literals: literals)
    }

    private static let relations: [String: Relation] = [
        "EQUAL_TO": .equal, "NOT_EQUAL_TO": .notEqual, "LESS_THAN": .less, "LESS_THAN_OR_EQUAL_TO": .lessOrEqual,
        "GREATER_THAN": .greater, "GREATER_THAN_OR_EQUAL_TO": .greaterOrEqual,
    ]
}
