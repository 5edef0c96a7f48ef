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

    /// Any number will do that no other application of the database uses.
    private static let lock: Int64 = 0x6D69_6C6C_7261_6365

    private let connection: PostgresConnection
    private let logger: Logger

    public init(_ connection: PostgresConnection, logger: Logger) {
        self.connection = connection
        self.logger = logger
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
    /// - Throws: `MigrationError` when an applied migration was edited afterwards; `PostgresError` otherwise.
    public func apply(_ migrations: [Migration]) throws -> Int {
        _ = try connection.execute(
            SQLStatement("migration_lock", "SELECT pg_advisory_lock($1)"), [.int(Self.lock)])
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
            try connection.script(
                """
                BEGIN;
                \(migration.sql)
                ; INSERT INTO schema_migrations (version, name, checksum)
                VALUES (\(migration.version), '\(migration.name)', '\(migration.checksum)');
                COMMIT;
                """)
            logger.info("migration applied", [.object: migration.name])
            count += 1
        }
        return count
    }
}
