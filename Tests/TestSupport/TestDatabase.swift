// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
public import PostgreSQL
import Synchronization

/// A module's own database on the server that all tests of the process share, made when it is first used. What cannot
/// be made is thrown to each test that wants it. Thread-safe.
public final class TestDatabase: Sendable {
    /// The folder of the migrations.
    public static let migrations = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../migrations"

    private let name: String
    private let isMigrated: Bool
    private let made = Mutex<Result<TestPostgres, any Error>?>(nil)

    /// - Parameter migrated: with the tables of Millrace, else without any.
    public init(_ name: String, migrated: Bool) {
        self.name = name
        isMigrated = migrated
    }

    /// The server, once the database is there.
    private func server() throws -> TestPostgres {
        try made.withLock { made in
            if let made { return try made.get() }
            let result = Result<TestPostgres, any Error> {
                let server = try TestPostgres.shared()
                try server.makeDatabase(name, migrated: isMigrated)
                return server
            }
            made = result
            return try result.get()
        }
    }

    public func configuration(
        _ change: (inout PostgresConfiguration) -> Void = { _ in }
    ) throws -> PostgresConfiguration {
        try server().configuration(database: name, change)
    }

    public func connect(
        _ change: (inout PostgresConfiguration) -> Void = { _ in }
    ) throws -> PostgresConnection {
        try server().connect(database: name, change)
    }

    /// An empty table of that name.
    public func makeTable(_ name: String, _ columns: String) throws {
        let connection = try connect()
        defer { connection.close() }
        try connection.script("DROP TABLE IF EXISTS \(name); CREATE TABLE \(name) (\(columns))")
    }
}
