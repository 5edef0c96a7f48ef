// SPDX-License-Identifier: Apache-2.0
import FlowStore
import Observability
import PostgreSQL
import RoleSupport
import Threading

/// `millrace migrate`
enum MigrateCommand {
    /// A database that is still starting is waited for this long.
    private static let patienceMilliseconds = 60_000

    static let subcommand = Subcommand(
        name: "migrate", summary: "brings the database up to date",
        settings: [.database, .migrations, .logLevel]
    ) { settings in
        let logger = try settings.logger(role: "migrate")
        try apply(database: settings.database(role: "migrate"), folder: settings.migrationsFolder(), logger: logger)
        return 0
    }

    static func apply(database: PostgresConfiguration, folder: String, logger: Logger) throws {
        let migrations: [Migrator.Migration]
        do {
            migrations = try Migrator.read(folder: folder)
        } catch {
            throw UsageError(text: "MILLRACE_MIGRATIONS: \(error)")
        }
        var patient = database
        // Building an index on a large table takes its time, and so may waiting for another instance's migration.
        patient.statementTimeoutMilliseconds = 0
        patient.lockTimeoutMilliseconds = 0
        let connection = try connect(patient, logger: logger)
        defer { connection.close() }
        let applied = try Migrator(connection, logger: logger).apply(migrations)
        logger.info("the database is up to date", [.count: String(applied)])
    }

    private static func connect(_ database: PostgresConfiguration, logger: Logger) throws -> PostgresConnection {
        let end = MonotonicClock.milliseconds + patienceMilliseconds
        let pacer = StopSignal()
        while true {
            do {
                return try PostgresConnection.connect(database, logger: logger)
            } catch {
                if MonotonicClock.milliseconds >= end { throw error }
                logger.warning("waiting for the database", [.error: "\(error)"])
                pacer.wait(milliseconds: 1_000)
            }
        }
    }
}
