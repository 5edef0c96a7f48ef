// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// AppFlow's quotas of tasks, which bind where it is strict.
enum TaskLimits {
    static let filters = 10
    static let criteria = 10
    static let partitionKeys = 10

    static func problems(_ definition: FlowDefinition) -> [String] {
        var problems: [String] = []
        let key = definition.source.unionKey
        let conditions = definition.tasks.filter {
            $0.taskType == "Filter" && $0.operatorName(for: key) != "PROJECTION"
        }
        if conditions.count > filters {
            problems.append("A flow has at most \(filters) filters, found \(conditions.count)")
        }
        if let values = conditions.compactMap(\.filterValues?.count).max(), values > criteria {
            problems.append("A filter has at most \(criteria) criteria, found \(values)")
        }
        for task in definition.tasks where task.taskType == "Partition" {
            guard let text = task.properties["ORDERED_PARTITION_KEYS_LIST"] else { continue }
            let count =
                (try? JSONValue.parse(text))?.arrayValue?.count
                ?? text.split(separator: ",", omittingEmptySubsequences: false).count
            if count > partitionKeys {
                problems.append("Output is partitioned by at most \(partitionKeys) fields, found \(count)")
            }
        }
        return problems
    }
}
