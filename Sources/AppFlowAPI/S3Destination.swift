// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// How a flow writes to S3, with the defaults that AppFlow applies: JSON, no date folders, no aggregation.
public struct S3Destination: Sendable, Equatable {
    public enum FileType: String, Sendable {
        case csv = "CSV"
        case json = "JSON"
        case parquet = "PARQUET"
    }

    /// Where the run's date goes.
    public enum PrefixType: String, Sendable {
        case filename = "FILENAME"
        case path = "PATH"
        case pathAndFilename = "PATH_AND_FILENAME"
    }

    /// How fine the run's date is, from the coarsest.
    public enum PrefixFormat: String, Sendable {
        case year = "YEAR"
        case month = "MONTH"
        case day = "DAY"
        case hour = "HOUR"
        case minute = "MINUTE"
    }

    /// Further folders of the path.
    public enum PathPrefix: String, Sendable {
        case executionID = "EXECUTION_ID"
        case schemaVersion = "SCHEMA_VERSION"
    }

    public enum AggregationType: String, Sendable {
        case none = "None"
        case singleFile = "SingleFile"
    }

    public let bucketName: String
    public let bucketPrefix: String?
    public let fileType: FileType
    public let prefixType: PrefixType?
    public let prefixFormat: PrefixFormat?
    public let pathPrefixHierarchy: [PathPrefix]
    public let aggregationType: AggregationType
    /// Megabytes at which a new file starts; nil if not set (the wire's 0).
    public let targetFileSize: Int?
    public let preserveSourceDataTyping: Bool

    init(_ properties: JSONObject) {
        let format = properties["s3OutputFormatConfig"]
        let prefix = format?["prefixConfig"]
        let aggregation = format?["aggregationConfig"]
        bucketName = properties["bucketName"]?.stringValue ?? ""
        bucketPrefix = properties["bucketPrefix"]?.stringValue
        fileType = format?["fileType"]?.stringValue.flatMap(FileType.init) ?? .json
        prefixType = prefix?["prefixType"]?.stringValue.flatMap(PrefixType.init)
        prefixFormat = prefix?["prefixFormat"]?.stringValue.flatMap(PrefixFormat.init)
        pathPrefixHierarchy = (prefix?["pathPrefixHierarchy"]?.arrayValue ?? []).compactMap {
            $0.stringValue.flatMap(PathPrefix.init)
        }
        aggregationType = aggregation?["aggregationType"]?.stringValue.flatMap(AggregationType.init) ?? .none
        let size = aggregation?["targetFileSize"]?.intValue
        targetFileSize = size == 0 ? nil : size
        preserveSourceDataTyping = format?["preserveSourceDataTyping"]?.boolValue ?? false
    }

    /// The prefix without slashes at its ends; empty where nothing else is left of it.
    public var prefixFolder: String {
        var prefix = Substring(bucketPrefix ?? "")
        while prefix.hasPrefix("/") { prefix.removeFirst() }
        while prefix.hasSuffix("/") { prefix.removeLast() }
        return String(prefix)
    }

    /// How fine the folders of the run's date are; nil where there are none.
    public var dateFolders: PrefixFormat? {
        prefixType == .path || prefixType == .pathAndFilename ? prefixFormat : nil
    }

    /// Where its objects lie: `s3://bucket[/prefix]`.
    public var place: String { "s3://\(bucketName)" + (prefixFolder.isEmpty ? "" : "/\(prefixFolder)") }

    /// What makes the folder of a run's objects. Two destinations of one flow that agree in it write to the same
    /// folder, where names that both make of the execution id would be the same.
    struct Layout: Hashable {
        let bucket: String
        let prefixFolder: String
        let dateFolders: PrefixFormat?
        let hasSchemaVersion: Bool
        let hasExecutionID: Bool
    }

    var layout: Layout {
        Layout(
            bucket: bucketName, prefixFolder: prefixFolder, dateFolders: dateFolders,
            hasSchemaVersion: pathPrefixHierarchy.contains(.schemaVersion),
            hasExecutionID: pathPrefixHierarchy.contains(.executionID))
    }
}
