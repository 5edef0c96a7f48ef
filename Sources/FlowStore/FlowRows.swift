// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL

/// Reads rows of `flows`, in the column order of the statements that select them.
enum FlowRows {
    /// Columns of a flow; what else a statement selects comes behind them.
    static let width = 19

    static func records(_ rows: SQLRows) -> [FlowRecord] {
        (0..<rows.count).map { record(rows, $0) }
    }

    static func record(_ rows: SQLRows, _ row: Int) -> FlowRecord {
        FlowRecord(
            uuid: rows.text(row, 0) ?? "", account: rows.text(row, 1) ?? "", name: rows.text(row, 2) ?? "",
            version: rows.int(row, 3) ?? 0, revision: rows.int(row, 4) ?? 0, schemaVersion: rows.int(row, 5) ?? 0,
            status: FlowStatus(rawValue: rows.text(row, 6) ?? "") ?? .errored, statusMessage: rows.text(row, 7),
            description: rows.text(row, 8), triggerType: rows.text(row, 9) ?? "", sourceType: rows.text(row, 10) ?? "",
            destinationType: rows.text(row, 11) ?? "", tags: rows.text(row, 12) ?? "{}",
            createdAt: rows.int(row, 13) ?? 0, updatedAt: rows.int(row, 14) ?? 0, createdBy: rows.text(row, 15) ?? "",
            updatedBy: rows.text(row, 16) ?? "", definition: rows.text(row, 18),
            capabilities: capabilities(rows.text(row, 17)))
    }

    /// Joined by spaces.
    private static func capabilities(_ text: String?) -> [String] {
        guard let text, text != RunCapability.base else { return [RunCapability.base] }
        return text.split(separator: " ").map(String.init)
    }
}
