// SPDX-License-Identifier: Apache-2.0

/// What of the API this version runs. Any valid flow can be created; a run that would do less than its flow says ends
/// with an error that names what is missing.
public enum RunSupport {
    private static let filters: Set<String> = [
        "PROJECTION", "EQUAL_TO", "NOT_EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN",
        "GREATER_THAN_OR_EQUAL_TO", "BETWEEN",
    ]

    /// Why a run of this definition cannot be done: everything that is not supported, in the definition's order; nil if
    /// it can.
    public static func problem(_ definition: FlowDefinition) -> String? {
        var missing = endProblems(definition)
        if definition.trigger.type == "Event" { missing.append("the trigger type Event (OnDemand is)") }
        if definition.trigger.properties["Scheduled"]?["dataPullMode"]?.stringValue == "Incremental" {
            missing.append("the data pull mode Incremental (Complete is)")
        }
        for task in definition.tasks {
            guard let problem = taskProblem(task), !missing.contains(problem) else { continue }
            missing.append(problem)
        }
        if definition.metadataCatalogConfig?.isEmpty == false {
            missing.append("metadataCatalogConfig (flows without a data catalog are)")
        }
        return missing.isEmpty ? nil : "Not supported yet: \(missing.joined(separator: "; "))."
    }

    private static func endProblems(_ definition: FlowDefinition) -> [String] {
        var missing: [String] = []
        let source = definition.source.connectorType
        if source != "S3" { missing.append("the source connector \(source) (S3 is)") }
        for destination in definition.destinations {
            guard let problem = destinationProblem(destination), !missing.contains(problem) else { continue }
            missing.append(problem)
        }
        return missing
    }

    private static func destinationProblem(_ destination: DestinationDefinition) -> String? {
        guard let s3 = destination.s3 else {
            return "the destination connector \(destination.connectorType) (S3 is)"
        }
        return s3.fileType == .parquet ? "the file type PARQUET (CSV and JSON are)" : nil
    }

    private static func taskProblem(_ task: FlowTask) -> String? {
        switch task.taskType {
        case "Map", "Map_all": nil
        case "Filter":
            // Of another source every operator stands under another key; that source is refused already.
            filters.contains(task.connectorOperator?.op ?? "NO_OP")
                ? nil : "the filter operator \(task.connectorOperator?.op ?? "NO_OP") (the filters of S3 sources are)"
        default: "the task type \(task.taskType) (Filter, Map and Map_all are)"
        }
    }
}
