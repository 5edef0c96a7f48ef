// SPDX-License-Identifier: Apache-2.0
public import PostgreSQL

/// Which migrations this program needs. A database that has more is served as well: migrations expand first.
public enum SchemaVersion {
    /// The newest of `migrations/`; a test holds them together.
    public static let newest: Int64 = 6

    private static let missingStatement = SQLStatement(
        "missing_migration",
        """
        SELECT n FROM generate_series(1, $1::bigint) AS n
        WHERE NOT EXISTS (SELECT 1 FROM schema_migrations m WHERE m.version = n) ORDER BY n LIMIT 1
        """)

    /// The first migration that has not been applied; nil when none is missing.
    public static func firstMissing(
        _ connection: PostgresConnection, newest: Int64 = SchemaVersion.newest
    ) throws -> Int64? {
        do {
            return try connection.execute(missingStatement, [.int(newest)]).int(0, 0)
        } catch {
            // undefined_table: nobody has migrated this database yet.
            if error.sqlState == "42P01" { return 1 }
            throw error
        }
    }
}
