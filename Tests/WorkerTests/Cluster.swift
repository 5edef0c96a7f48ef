// SPDX-License-Identifier: Apache-2.0
import FlowStore
import FoundationEssentials
import Glibc
import LocalServices
import Observability
import PostgreSQL
import Testing

/// Tests on the shared server take turns.
@Suite(.serialized) struct WorkerDatabaseTests {}

/// One private server for the tests of this process, with the migrations applied.
enum Cluster {
    static let logger = Logger(role: "test", level: .error)
    static let folder = FileManager.default.temporaryDirectory.path + "/millrace-worker-tests-\(getpid())"
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

    static var configuration: PostgresConfiguration {
        PostgresConfiguration(connectionString: server.connectionString)
    }

    static func connect() throws -> PostgresConnection {
        try PostgresConnection.connect(configuration, logger: logger)
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
