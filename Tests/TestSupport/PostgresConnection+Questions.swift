// SPDX-License-Identifier: Apache-2.0
public import PostgreSQL

extension PostgresConnection {
    /// One value of a query without parameters.
    public func value(_ sql: String) throws -> String? { try rows(sql).text(0, 0) }

    /// All rows of a query, columns joined by bars.
    public func lines(_ sql: String) throws -> [String] {
        let rows = try rows(sql)
        return (0..<rows.count).map { row in
            (0..<rows.columnCount).map { rows.text(row, $0) ?? "-" }.joined(separator: "|")
        }
    }

    public func count(_ table: String, where condition: String = "true") throws -> Int {
        Int(try value("SELECT count(*) FROM \(table) WHERE \(condition)") ?? "") ?? -1
    }

    /// A statement's name stands for its text.
    private func rows(_ sql: String) throws -> SQLRows { try execute(SQLStatement("test \(sql.hashValue)", sql), []) }
}

/// The error that `body` throws; nil when it throws none.
public func postgresError(_ body: () throws -> Void) -> PostgresError? {
    do {
        try body()
        return nil
    } catch {
        return error as? PostgresError
    }
}
