// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FoundationEssentials
import Glibc
import JSON
import PostgreSQL
import Synchronization
import TestSupport
import Testing
import Threading

@testable import FlowStore

extension FlowStoreTests {
    @Suite(.serialized) struct MigratorTests {
        /// A connection to a new database, and a migrator for it.
        private func begin(_ database: String) throws -> (PostgresConnection, Migrator) {
            try TestPostgres.shared().makeDatabase(database, migrated: false)
            let connection = try TestPostgres.shared().connect(database: database)
            return (connection, Migrator(connection, logger: testLogger))
        }

        private func migration(_ version: Int64, _ sql: String) -> Migrator.Migration {
            Migrator.Migration(version: version, name: "000\(version)_x.sql", sql: sql, checksum: "sum of \(sql)")
        }

        @Test func appliesWhatIsMissingOnce() throws {
            let migrations = try Migrator.read(folder: TestDatabase.migrations)
            let (connection, migrator) = try begin("migrate_once")
            #expect(try migrator.apply(migrations) == migrations.count)
            #expect(try migrator.apply(migrations) == 0)
            #expect(try connection.count("schema_migrations") == migrations.count)
            #expect(try connection.count("flows") == 0)
        }

        /// `/readyz` goes by the number in the program, `migrate` by the folder.
        @Test func theProgramKnowsTheNewestMigration() throws {
            let versions = try Migrator.read(folder: TestDatabase.migrations).map { $0.version }
            #expect(versions == Array(1...SchemaVersion.newest), "numbered without a gap, up to SchemaVersion.newest")
        }

        @Test func saysWhichMigrationIsMissing() throws {
            let migrations = try Migrator.read(folder: TestDatabase.migrations)
            let (connection, migrator) = try begin("migrate_missing")
            #expect(try SchemaVersion.firstMissing(connection) == 1)
            _ = try migrator.apply(Array(migrations.dropLast()))
            #expect(try SchemaVersion.firstMissing(connection) == SchemaVersion.newest)
            _ = try migrator.apply(migrations)
            #expect(try SchemaVersion.firstMissing(connection) == nil)
            #expect(try SchemaVersion.firstMissing(connection, newest: SchemaVersion.newest - 1) == nil)
            #expect(
                try SchemaVersion.firstMissing(connection, newest: SchemaVersion.newest + 1) == SchemaVersion.newest + 1
            )
        }

        /// Flows whose runs were counted before the migration that tells ends apart.
        @Test func countsFromBeforeStayCounted() throws {
            let migrations = try Migrator.read(folder: TestDatabase.migrations)
            let (connection, migrator) = try begin("migrate_ends")
            _ = try migrator.apply(Array(migrations.prefix(1)))
            for (number, state) in [(1, "Error"), (2, "InProgress")] {
                try connection.script(
                    """
                    INSERT INTO flows VALUES ('\(Store.id(number))', 'a', 'n\(number)', 1, 1, 1, 'Active', NULL, NULL, 'OnDemand',
                        'S3', 'S3', '{}', now(), now(), 'me', 'me');
                    INSERT INTO flow_activity VALUES ('\(Store.id(number))', 1, '\(Store.id(7))', millrace_time(5000), now(),
                        '\(state)', '', 1, \(number == 1 ? RunEvent.endSequence : 1), 3, 9);
                    """)
            }
            _ = try migrator.apply(migrations)
            var all = try ActivityStore.load(connection, flowUUIDs: [Store.id(1), Store.id(2)])
            for number in [1, 2] {
                let end = RunEvent(
                    kind: .failed, account: "a", flowUUID: Store.id(number), flowName: "n", runID: Store.id(7),
                    attempt: 1,
                    sequence: RunEvent.endSequence, queuedAt: 5_000, startedAt: nil, occurredAt: 6_000,
                    figures: RunFigures(), message: "")
                let isNew = all[Store.id(number)]?.activity.apply(end)
                #expect(isNew == (number == 2))
            }
            #expect(all[Store.id(1)]?.activity.runsEnded == 9 && all[Store.id(1)]?.activity.consecutiveFailures == 3)
            #expect(all[Store.id(2)]?.activity.runsEnded == 10 && all[Store.id(2)]?.activity.consecutiveFailures == 4)
        }

        /// Flows with several destinations that were made before runs of them asked for anything.
        @Test func flowsFromBeforeAskForWhatTheyNeed() throws {
            let migrations = try Migrator.read(folder: TestDatabase.migrations)
            let (connection, migrator) = try begin("migrate_capabilities")
            _ = try migrator.apply(Array(migrations.prefix(4)))
            var quoting = Store.input("quoting")
            quoting["description"] = #""destinationConnectorProperties" "destinationConnectorProperties""#
            for (number, input) in [(1, Store.severalInput("several")), (2, Store.input("one")), (3, quoting)] {
                let definition = JSONValue.object(input).serializedString()
                try connection.script(
                    """
                    INSERT INTO flows VALUES ('\(Store.id(number))', 'a', 'n\(number)', 1, 2, 1, 'Active', NULL, NULL, 'OnDemand',
                        'S3', 'S3', '{}', now(), now(), 'me', 'me');
                    INSERT INTO flow_definitions VALUES ('\(Store.id(number))', 2, 1, '\(definition)');
                    """)
            }
            _ = try migrator.apply(migrations)
            #expect(
                try connection.lines("SELECT capabilities FROM flows ORDER BY name")
                    == ["s3-to-s3.1 destinations.1", "s3-to-s3.1", "s3-to-s3.1"])
        }

        @Test func appliesInOrder() throws {
            let (connection, migrator) = try begin("migrate_order")
            let first = migration(1, "CREATE TABLE a (x int)")
            #expect(try migrator.apply([first]) == 1)
            #expect(try migrator.apply([first, migration(2, "ALTER TABLE a ADD y int; ALTER TABLE a DROP x")]) == 1)
            #expect(try connection.lines("SELECT version FROM schema_migrations ORDER BY applied_at") == ["1", "2"])
            #expect(try connection.count("a", where: "y IS NULL") == 0)
        }

        @Test func anEditedMigrationIsRefused() throws {
            let (connection, migrator) = try begin("migrate_edited")
            _ = try migrator.apply([migration(1, "CREATE TABLE a (x int)")])
            let error = #expect(throws: MigrationError.self) {
                try migrator.apply([migration(1, "CREATE TABLE b (x int)"), migration(2, "CREATE TABLE c (x int)")])
            }
            #expect(error?.description.contains("0001_x.sql was changed") == true)
            #expect(try connection.value("SELECT to_regclass('c')") == nil)
        }

        @Test func aMigrationThatFailsLeavesNothing() throws {
            let (connection, migrator) = try begin("migrate_broken")
            let good = migration(1, "CREATE TABLE a (x int)")
            let error = postgresError {
                _ = try migrator.apply([good, migration(2, "CREATE TABLE b (x int); SELECT 1 / 0")])
            }
            #expect(error?.sqlState == "22012")
            #expect(try connection.lines("SELECT version FROM schema_migrations") == ["1"])
            #expect(try connection.value("SELECT to_regclass('b')") == nil)
            #expect(try migrator.apply([good, migration(2, "CREATE TABLE b (x int)")]) == 1)
            let isHere = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            #expect(try connection.count("pg_locks", where: "locktype = 'advisory' AND \(isHere)") == 0)
        }

        private func impatient(tries: Int) -> Migrator.LockPatience {
            var patience = Migrator.LockPatience()
            patience.lockMilliseconds = 100
            patience.pauseMilliseconds = 10
            patience.tries = tries
            return patience
        }

        /// A table that a long transaction reads: the migration gives up, and nobody waits behind it for good.
        @Test func aBusyTableIsLeftAlone() throws {
            let (connection, migrator) = try begin("migrate_busy")
            let first = migration(1, "CREATE TABLE a (x int)")
            _ = try migrator.apply([first])
            let holder = try TestPostgres.shared().connect(database: "migrate_busy")
            defer { holder.close() }
            try holder.script("SET application_name = 'report'; BEGIN; SELECT * FROM a")
            let second = migration(2, "CREATE TABLE b (x int); ALTER TABLE a ADD y int")
            let hasEnded = Atomic<Bool>(false)
            let readers = NamedThread("readers") {
                guard let reader = try? TestPostgres.shared().connect(database: "migrate_busy") else { return }
                defer { reader.close() }
                while !hasEnded.load(ordering: .acquiring) {
                    // Fails where the migration waits for as long as the transaction lasts.
                    #expect(throws: Never.self) { try reader.script("SET lock_timeout = 20000; SELECT * FROM a") }
                }
            }
            let error = #expect(throws: MigrationError.self) {
                try Migrator(connection, logger: testLogger, patience: impatient(tries: 3)).apply([first, second])
            }
            hasEnded.store(true, ordering: .releasing)
            readers.join()
            let text = error?.description ?? ""
            #expect(text.contains("0002_x.sql did not get its locks: 3 times for 100 ms"))
            #expect(text.contains("(report)") && text.contains("Nothing of it was applied"))
            #expect(try connection.value("SELECT to_regclass('b')") == nil)
            try holder.script("COMMIT")
            #expect(try migrator.apply([first, second]) == 1)
        }

        /// The transaction ends at last, after some tries.
        @Test func aMigrationTriesAgain() throws {
            let (connection, migrator) = try begin("migrate_again")
            let first = migration(1, "CREATE TABLE a (x int)")
            _ = try migrator.apply([first])
            let holder = try TestPostgres.shared().connect(database: "migrate_again")
            defer { holder.close() }
            try holder.script("BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE")
            let result = Mutex<Result<Int, any Error>?>(nil)
            let patience = impatient(tries: 1_000)
            let second = migration(2, "ALTER TABLE a ADD y int")
            let migrating = NamedThread("migrating") {
                let applied = Result<Int, any Error> {
                    let other = try TestPostgres.shared().connect(database: "migrate_again")
                    defer { other.close() }
                    return try Migrator(other, logger: testLogger, patience: patience).apply([first, second])
                }
                result.withLock { $0 = applied }
            }
            var tries = Set<String>()
            try #require(
                eventually {
                    let waiting = "SELECT xact_start FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    tries.formUnion((try? connection.lines(waiting)) ?? [])
                    return tries.count >= 3
                })
            try holder.script("COMMIT")
            migrating.join()
            #expect(try result.withLock { $0 }?.get() == 1)
            #expect(try connection.count("a", where: "y IS NULL") == 0)
        }

        @Test func twoAtOnceShareTheWork() throws {
            let migrations = try Migrator.read(folder: TestDatabase.migrations)
            let server = try TestPostgres.shared()
            try server.makeDatabase("migrate_two", migrated: false)
            let results = Mutex<[Result<Int, any Error>]>([])
            let threads = (0..<4).map { index in
                NamedThread("migrate-\(index)") {
                    let result = Result<Int, any Error> {
                        let connection = try server.connect(database: "migrate_two")
                        defer { connection.close() }
                        return try Migrator(connection, logger: testLogger).apply(migrations)
                    }
                    results.withLock { $0.append(result) }
                }
            }
            for thread in threads { thread.join() }
            let counts = try results.withLock { $0 }.map { try $0.get() }
            #expect(counts.sorted() == [0, 0, 0, migrations.count])
        }

        @Test func foldersThatCannotBeRead() throws {
            let root = FileManager.default.temporaryDirectory.path + "/millrace-migrations-\(getpid())"
            defer { try? FileManager.default.removeItem(atPath: root) }
            #expect(throws: MigrationError.self) { try Migrator.read(folder: root) }
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            #expect(throws: MigrationError.self) { try Migrator.read(folder: root) }
            try Data("SELECT 2".utf8).write(to: URL(filePath: root + "/0002_b.sql"))
            try Data("SELECT 1".utf8).write(to: URL(filePath: root + "/0001_a.sql"))
            try Data("no".utf8).write(to: URL(filePath: root + "/README.md"))
            let found = try Migrator.read(folder: root)
            #expect(found.map { $0.version } == [1, 2])
            #expect(found.map { $0.sql } == ["SELECT 1", "SELECT 2"])
            #expect(found[0].checksum != found[1].checksum)
            for name in ["1_short.sql", "abcd_x.sql"] {
                try Data("".utf8).write(to: URL(filePath: root + "/" + name))
                let error = #expect(throws: MigrationError.self) { try Migrator.read(folder: root) }
                #expect(error?.description.hasPrefix(name) == true)
                try FileManager.default.removeItem(atPath: root + "/" + name)
            }
        }
    }
}
