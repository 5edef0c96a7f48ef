// SPDX-License-Identifier: Apache-2.0
public import AppFlowAPI

/// The keys of a run's output objects, as AppFlow lays them out:
/// `[bucketPrefix/]flow/[schemaVersion_N/][yyyy[/MM[/dd[/HH[/mm]]]]/][executionId/]file`.
/// https://docs.aws.amazon.com/appflow/latest/userguide/flows-partition.html
public struct OutputNaming: Sendable, Equatable {
    /// The folder of all files of the run, with a slash at its end.
    public let folder: String
    private let stem: String
    private let suffix: String

    /// - Parameter startedAt: microseconds since 1970; folders and file names bear the run's start in UTC, so that a
    ///   repeated attempt writes the same names.
    public init(
        destination: S3Destination, flowName: String, executionID: String, schemaVersion: Int64, startedAt: Int64
    ) {
        var parts: [String] = []
        if !destination.prefixFolder.isEmpty { parts.append(destination.prefixFolder) }
        parts.append(flowName)
        if destination.pathPrefixHierarchy.contains(.schemaVersion) { parts.append("schemaVersion_\(schemaVersion)") }
        let time = CalendarTime(microseconds: startedAt)
        if let format = destination.dateFolders { parts += time.folders(format) }
        if destination.pathPrefixHierarchy.contains(.executionID) { parts.append(executionID) }
        folder = parts.joined(separator: "/") + "/"
        stem = executionID
        if destination.prefixType == .filename || destination.prefixType == .pathAndFilename {
            suffix = "-" + time.stamp(destination.prefixFormat)
        } else {
            suffix = ""
        }
    }

    /// The key of a run's only file.
    public var single: String { folder + stem + suffix }

    /// The key of one of several files, counted from 1.
    public func numbered(_ number: Int) -> String { "\(folder)\(stem)-\(number)\(suffix)" }
}

/// A moment's digits in UTC.
private struct CalendarTime {
    let year: String
    let month: String
    let day: String
    let hour: String
    let minute: String
    let second: String

    init(microseconds: Int64) {
        let seconds = Int(microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000)
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let inDay = seconds - days * 86_400
        // Howard Hinnant's civil_from_days: eras of 400 years that begin on 1 March.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let monthNumber = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        year = Self.padded(yearOfEra + era * 400 + (monthNumber <= 2 ? 1 : 0), 4)
        month = Self.padded(monthNumber, 2)
        day = Self.padded(dayOfYear - (153 * monthIndex + 2) / 5 + 1, 2)
        hour = Self.padded(inDay / 3_600, 2)
        minute = Self.padded(inDay / 60 % 60, 2)
        second = Self.padded(inDay % 60, 2)
    }

    func folders(_ format: S3Destination.PrefixFormat) -> [String] {
        switch format {
        case .year: [year]
        case .month: [year, month]
        case .day: [year, month, day]
        case .hour: [year, month, day, hour]
        case .minute: [year, month, day, hour, minute]
        }
    }

    /// The timestamp that file names end with: whole, or as far as the format goes.
    func stamp(_ format: S3Destination.PrefixFormat?) -> String {
        switch format {
        case .year: year
        case .month: "\(year)-\(month)"
        case .day: "\(year)-\(month)-\(day)"
        case .hour: "\(year)-\(month)-\(day)T\(hour)"
        case .minute: "\(year)-\(month)-\(day)T\(hour):\(minute)"
        case nil: "\(year)-\(month)-\(day)T\(hour):\(minute):\(second)"
        }
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
