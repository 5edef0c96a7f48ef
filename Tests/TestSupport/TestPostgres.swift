// SPDX-License-Identifier: Apache-2.0
import FlowStore
import FoundationEssentials
import Glibc
import LocalServices
public import Observability
public import PostgreSQL
import Synchronization

/// What the tests of all modules log with.
public let testLogger = Logger(role: "test", level: .error)

/// A private PostgreSQL server. All tests of a process share one, each module with a `TestDatabase` of its own; a test
/// that crashes its server makes one for itself.
public final class TestPostgres: Sendable {
    private static let template = "migrated"
    private static let sequence = Atomic<Int>(0)

    /// Started by the first who asks, stopped when the process ends. A failure to start is thrown to everybody.
    private static let sharedResult = Result<TestPostgres, any Error> {
        let server = try TestPostgres()
        atexit { TestPostgres.stopShared() }
        return server
    }

    public static func shared() throws -> TestPostgres { try sharedResult.get() }

    private static func stopShared() { (try? sharedResult.get())?.remove() }

    private let folder: String
    private let server: PrivatePostgres
    /// Whether there is a database with all migrations, from which others are made.
    private let hasTemplate = Mutex(false)

    /// A running server with an empty data directory.
    public init() throws {
        let number = Self.sequence.add(1, ordering: .relaxed).newValue
        folder = FileManager.default.temporaryDirectory.path + "/millrace-tests-\(getpid())-\(number)"
        server = PrivatePostgres(dataDirectory: folder, maximumConnections: 200, logger: testLogger)
        do {
            try server.start()
        } catch {
            remove()
            throw error
        }
    }

    deinit { remove() }

    private func remove() {
        server.stop(mode: .immediate)
        try? FileManager.default.removeItem(atPath: folder)
    }

    public func start() throws { try server.start() }

    /// Disconnects everybody and ends the server.
    public func stop() { server.stop(mode: .fast) }

    /// Ends the server as a crash does.
    public func crash() { server.stop(mode: .immediate) }

    /// How to reach a database; without a name the server's own.
    public func configuration(
        database: String? = nil, _ change: (inout PostgresConfiguration) -> Void = { _ in }
    ) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(
            connectionString: server.connectionString + (database.map { " dbname=\($0)" } ?? ""))
        change(&configuration)
        return configuration
    }

    public func connect(
        database: String? = nil, _ change: (inout PostgresConfiguration) -> Void = { _ in }
    ) throws -> PostgresConnection {
        try PostgresConnection.connect(configuration(database: database, change), logger: testLogger)
    }

    /// A new database, in place of one of the same name.
    public func makeDatabase(_ name: String, migrated: Bool) throws {
        if migrated { try makeTemplate() }
        let connection = try connect()
        defer { connection.close() }
        // One at a time: neither may stand in a transaction.
        try connection.script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        try connection.script(
            "CREATE DATABASE \(name) TEMPLATE \(migrated ? Self.template : "template0") ENCODING 'UTF8'")
    }

    private func makeTemplate() throws {
        try hasTemplate.withLock { hasTemplate in
            if hasTemplate { return }
            try makeDatabase(Self.template, migrated: false)
            let connection = try connect(database: Self.template)
            defer { connection.close() }
            let migrations = try Migrator.read(folder: TestDatabase.migrations)
            _ = try Migrator(connection, logger: testLogger).apply(migrations)
            hasTemplate = true
        }
    }
}
