// SPDX-License-Identifier: Apache-2.0
import FlowStore
import FoundationEssentials
import Glibc
import LocalServices
import Observability
import PostgreSQL
import Testing

/// All tests of the store share one server, so they take turns.
@Suite(.serialized) struct FlowStoreTests {}

/// One private server for the tests of this process, with the migrations applied.
enum Cluster {
    static let logger = Logger(role: "test", level: .error)
    static let folder = FileManager.default.temporaryDirectory.path + "/millrace-store-tests-\(getpid())"
    static let migrations = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../migrations"

    static let server: PrivatePostgres = {
        let server = PrivatePostgres(dataDirectory: folder, logger: logger)
        do {
            try server.start()
            let connection = try PostgresConnection.connect(
                PostgresConfiguration(connectionString: server.connectionString), logger: logger)
            _ = try Migrator(connection, logger: logger).apply(try Migrator.read(folder: migrations))
            connection.close()
        } catch {
            preconditionFailure("no database: \(error)")
        }
        atexit {
            Cluster.server.stop(mode: .immediate)
            try? FileManager.default.removeItem(atPath: Cluster.folder)
        }
        return server
    }()

    static func connect(
        database: String? = nil, _ change: (inout PostgresConfiguration) -> Void = { _ in }
    ) throws -> PostgresConnection {
        var configuration = PostgresConfiguration(
            connectionString: server.connectionString + (database.map { " dbname=\($0)" } ?? ""))
        change(&configuration)
        return try PostgresConnection.connect(configuration, logger: logger)
    }

    /// A database without any table.
    static func makeDatabase(_ name: String) throws {
        let connection = try connect()
        defer { connection.close() }
        // One at a time: neither may stand in a transaction.
        try connection.script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        try connection.script("CREATE DATABASE \(name) TEMPLATE template0 ENCODING 'UTF8'")
    }
}

extension PostgresConnection {
    /// One value of a query without parameters.
    func value(_ sql: String) throws -> String? {
        try execute(SQLStatement("test \(sql.hashValue)", sql), []).text(0, 0)
    }

    /// All rows of a query, columns joined by bars.
    func lines(_ sql: String) throws -> [String] {
        let rows = try execute(SQLStatement("test \(sql.hashValue)", sql), [])
        return (0..<rows.count).map { row in
            (0..<rows.columnCount).map { rows.text(row, $0) ?? "-" }.joined(separator: "|")
        }
    }

    func count(_ table: String, where condition: String = "true") throws -> Int {
        Int(try value("SELECT count(*) FROM \(table) WHERE \(condition)") ?? "") ?? -1
    }
}

/// The error that `body` throws; nil when it throws none.
func postgresError(_ body: () throws -> Void) -> PostgresError? {
    do {
        try body()
        return nil
    } catch {
        return error as? PostgresError
    }
}
