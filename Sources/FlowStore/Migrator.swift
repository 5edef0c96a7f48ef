// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Foundation
public import Observability
public import PostgreSQL

/// Why migrations cannot be applied.
public struct MigrationError: Error, CustomStringConvertible {
    public let description: String
}

/// Applies `migrations/NNNN_name.sql` in order, once each, under an advisory lock: any number of instances may try.
public struct Migrator {
    public struct Migration: Sendable {
        public let version: Int64
        public let name: String
        public let sql: String
        public let checksum: String
    }

    /// How a migration waits for the locks on its tables. Whoever comes after it to a table waits behind it, readers
    /// included: so it waits for a short time, lets the others pass, and tries again.
    public struct LockPatience: Sendable {
        /// For one lock.
        public var lockMilliseconds = 2_000
        /// Before the next try.
        public var pauseMilliseconds = 3_000
        public var tries = 30

        public init() {}
    }

    /// Any number will do that no other application of the database uses.
    private static let lock: Int64 = 0x6D69_6C6C_7261_6365

    private let connection: PostgresConnection
    private let logger: Logger
    private let patience: LockPatience

    public init(_ connection: PostgresConnection, logger: Logger, patience: LockPatience = LockPatience()) {
        self.connection = connection
        self.logger = logger
        self.patience = patience
    }

    /// Reads a folder of migrations.
    /// - Throws: `MigrationError` for a folder without any, or a file whose name is not of the form `NNNN_name.sql`.
    public static func read(folder: String) throws -> [Migration] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw MigrationError(description: "cannot read the migrations folder \(folder)")
        }
        let migrations = try names.filter { $0.hasSuffix(".sql") }.sorted().map { name -> Migration in
            guard let digits = name.split(separator: "_").first, digits.count == 4, let version = Int64(digits) else {
                throw MigrationError(description: "\(name) is not of the form NNNN_name.sql")
            }
            guard let data = FileManager.default.contents(atPath: folder + "/" + name) else {
                throw MigrationError(description: "cannot read \(folder)/\(name)")
            }
            let bytes = [UInt8](data)
            return Migration(
                version: version, name: name, sql: String(decoding: bytes, as: UTF8.self),
                checksum: Hex.encode(SHA256.hash(bytes)))
        }
        if migrations.isEmpty { throw MigrationError(description: "there are no migrations in \(folder)") }
        return migrations
    }

    /// Brings the database up to date.
    /// - Returns: how many migrations were applied.
    /// - Throws: `MigrationError` when an applied migration was edited afterwards, or the locks it needs are not to be had;
    ///   `PostgresError` otherwise.
    public func apply(_ migrations: [Migration]) throws -> Int {
        let isFree = try connection.execute(
            SQLStatement("migration_try_lock", "SELECT pg_try_advisory_lock($1)"), [.int(Self.lock)]
        ).bool(0, 0)
        if isFree != true {
            logger.info("another instance migrates this database: waiting for it")
            _ = try connection.execute(
                SQLStatement("migration_lock", "SELECT pg_advisory_lock($1)"), [.int(Self.lock)])
        }
        defer {
            _ = try? connection.execute(
                SQLStatement("migration_unlock", "SELECT pg_advisory_unlock($1)"), [.int(Self.lock)])
        }
        try connection.script(
            """
            SET client_min_messages = warning;
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp());
            """)
        let rows = try connection.execute(
            SQLStatement("migrations_applied", "SELECT version, checksum FROM schema_migrations"), [])
        var applied: [Int64: String] = [:]
        for row in 0..<rows.count { applied[rows.int(row, 0) ?? 0] = rows.text(row, 1) ?? "" }
        var count = 0
        for migration in migrations {
            if let checksum = applied[migration.version] {
                if checksum != migration.checksum {
                    throw MigrationError(
                        description: "\(migration.name) was changed after it had been applied: add a new migration")
                }
                continue
            }
            try perform(migration)
            logger.info("migration applied", [.object: migration.name])
            count += 1
        }
        return count
    }

    private func perform(_ migration: Migration) throws {
        for attempt in 1...max(1, patience.tries) {
            do throws(PostgresError) {
                try connection.script(
                    """
                    BEGIN;
                    SET LOCAL lock_timeout = \(patience.lockMilliseconds);
                    \(migration.sql)
                    ; INSERT INTO schema_migrations (version, name, checksum)
                    VALUES (\(migration.version), '\(migration.name)', '\(migration.checksum)');
                    COMMIT;
                    """)
                return
            } catch {
                guard Self.isBusy(error) else { throw error }
                let holders = (try? longTransactions()) ?? []
                logger.warning(
                    "a migration waits for its locks",
                    [.object: migration.name, .attempt: String(attempt), .error: "\(error)"])
                if attempt >= patience.tries { throw busy(migration, holders) }
                Thread.sleep(forTimeInterval: Double(patience.pauseMilliseconds) / 1_000)
            }
        }
    }

    /// lock_not_available, and deadlock_detected: rolled back, and to be tried again.
    private static func isBusy(_ error: PostgresError) -> Bool { ["55P03", "40P01"].contains(error.sqlState ?? "") }

    private func busy(_ migration: Migration, _ holders: [String]) -> MigrationError {
        let open = holders.isEmpty ? "" : " Open for longer than that: \(holders.joined(separator: ", "))."
        return MigrationError(
            description: "\(migration.name) did not get its locks: \(patience.tries) times for "
                + "\(patience.lockMilliseconds) ms another transaction held one.\(open) Nothing of it was applied. End that "
                + "transaction, or wait for it (pg_stat_activity shows it), and migrate again.")
    }

    /// Who may hold locks: the sessions of this database whose transactions are open for longer than a lock is waited for.
    private func longTransactions() throws -> [String] {
        let rows = try connection.execute(
            SQLStatement(
                "long_transactions",
                """
                SELECT pid, application_name, extract(epoch FROM clock_timestamp() - xact_start)::bigint
                FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND xact_start < clock_timestamp() - $1::bigint * interval '1 millisecond'
                ORDER BY xact_start LIMIT 5
                """), [.int(Int64(patience.lockMilliseconds))])
        return (0..<rows.count).map { row in
            let name = rows.text(row, 1) ?? ""
            return "process \(rows.int(row, 0) ?? 0)\(name.isEmpty ? "" : " (\(name))") for \(rows.int(row, 2) ?? 0) s"
        }
    }
}
