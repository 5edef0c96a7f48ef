// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Glibc
import LocalServices
import Observability
import PostgreSQL

/// One private server for all tests of this process.
enum Cluster {
    static let logger = Logger(role: "test", level: .error)

    static let server: PrivatePostgres = {
        let folder = FileManager.default.temporaryDirectory.path + "/millrace-postgres-tests-\(getpid())"
        let server = PrivatePostgres(dataDirectory: folder, logger: logger)
        do { try server.start() } catch { preconditionFailure("no database server: \(error)") }
        atexit {
            Cluster.server.stop(mode: .immediate)
            try? FileManager.default.removeItem(atPath: Cluster.folder)
        }
        return server
    }()

    static let folder = FileManager.default.temporaryDirectory.path + "/millrace-postgres-tests-\(getpid())"

    static func configuration(
        _ change: (inout PostgresConfiguration) -> Void = { _ in }
    ) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(connectionString: server.connectionString)
        change(&configuration)
        return configuration
    }

    static func connect(_ change: (inout PostgresConfiguration) -> Void = { _ in }) throws -> PostgresConnection {
        try PostgresConnection.connect(configuration(change), logger: logger)
    }

    /// An empty table of that name.
    static func makeTable(_ name: String, _ columns: String) throws {
        let connection = try connect()
        defer { connection.close() }
        try connection.script("DROP TABLE IF EXISTS \(name); CREATE TABLE \(name) (\(columns))")
    }
}

extension PostgresConnection {
    /// One value of a query without parameters, under a name made from its text.
    func value(_ sql: String) throws -> String? {
        try execute(SQLStatement("test " + String(sql.prefix(50)), sql)).text(0, 0)
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
