// SPDX-License-Identifier: Apache-2.0

/// What of the API this version runs. A definition that is right but asks for more is refused by name, so that no flow
/// is accepted that would then do less than it says.
enum SupportedFeatures {
    private static let filters: Set<String> = [
        "PROJECTION", "EQUAL_TO", "NOT_EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN",
        "GREATER_THAN_OR_EQUAL_TO", "BETWEEN",
    ]

    /// Throws a ValidationException naming the first thing that is not supported.
    static func check(_ definition: FlowDefinition) throws(APIError) {
        let source = definition.source.connectorType
        if source != "S3" { throw unsupported("the source connector \(source)", "S3 is") }
        if definition.destinations.count > 1 { throw unsupported("more than one destination", "one destination is") }
        for destination in definition.destinations {
            guard case .s3(let s3) = destination else {
                throw unsupported("the destination connector \(destination.connectorType)", "S3 is")
            }
            if s3.fileType == .parquet { throw unsupported("the file type PARQUET", "CSV and JSON are") }
        }
        for task in definition.tasks { try check(task) }
        if definition.metadataCatalogConfig?.isEmpty == false {
            throw unsupported("metadataCatalogConfig", "flows without a data catalog are")
        }
    }

    private static func check(_ task: FlowTask) throws(APIError) {
        switch task.taskType {
        case "Map", "Map_all": return
        case "Filter":
            guard filters.contains(task.operatorName) else {
                throw unsupported("the filter operator \(task.operatorName)", "the filters of S3 sources are")
            }
        default: throw unsupported("the task type \(task.taskType)", "Filter, Map and Map_all are")
        }
    }

    private static func unsupported(_ feature: String, _ alternative: String) -> APIError {
        .validation("Not supported yet: \(feature) (\(alternative)).")
    }
}
