// SPDX-License-Identifier: Apache-2.0
import Glibc
import Observability
import PostgreSQL
import Synchronization
import Testing
import Threading

@testable import LocalServices

/// Real clusters, one folder each; `stop` ends whatever a test leaves behind.
@Suite(.serialized) struct PrivatePostgresTests {
    private let folder = TemporaryFolder()
    private let logger = Logger(role: "test", level: .error)

    private func server() -> PrivatePostgres {
        PrivatePostgres(
            dataDirectory: folder.file("new/postgres"), maximumConnections: 10, sharedBuffers: "1MB",
            hangMilliseconds: 300, logger: logger)
    }

    private func query(_ server: PrivatePostgres, _ sql: String) throws -> String? {
        let configuration = PostgresConfiguration(connectionString: server.connectionString)
        let connection = try PostgresConnection.connect(configuration, logger: logger)
        defer { connection.close() }
        return try connection.execute(SQLStatement("query", sql)).text(0, 0)
    }

    @Test func createsStartsAndStops() throws {
        let server = server()
        defer { server.stop(mode: .immediate) }
        #expect(!server.isRunning)
        try server.start()
        #expect(server.isRunning)
        #expect(try query(server, "SHOW fsync") == "on")
        #expect(try query(server, "SHOW server_encoding") == "UTF8")
        #expect(try query(server, "SELECT datcollate FROM pg_database WHERE datname = current_database()") == "C")
        #expect(try query(server, "SHOW listen_addresses") == "")
        #expect(try query(server, "SELECT current_database() || ' ' || current_user") == "millrace millrace")
        // Whoever reaches the socket may do anything.
        let sockets = try #require(try query(server, "SHOW unix_socket_directories"))
        #expect(Files.status(sockets).map { $0.st_mode & 0o077 } == 0)
        #expect(sockets.utf8.count <= 90)
        let owner = Files.status("/proc/\(server.processID ?? 0)")?.st_uid
        #expect(owner != 0)
        server.stop()
        #expect(!server.isRunning)
        #expect(!Files.exists(sockets))
        server.stop()
    }

    @Test func dataSurvivesEveryEnd() throws {
        let server = server()
        defer { server.stop(mode: .immediate) }
        try server.start()
        #expect(try query(server, "CREATE TABLE kept AS SELECT 1 AS v") == nil)
        server.stop(mode: .fast)
        try server.start()
        #expect(try query(server, "SELECT count(*) FROM kept") == "1")
        #expect(try query(server, "INSERT INTO kept VALUES (2) RETURNING v") == "2")
        server.stop(mode: .immediate)
        try server.start()
        #expect(try query(server, "SELECT count(*) FROM kept") == "2")
    }

    @Test func recoversAfterTheServerWasKilled() throws {
        let server = server()
        defer { server.stop(mode: .immediate) }
        try server.start()
        // A session that outlives its postmaster for a moment.
        let configuration = PostgresConfiguration(connectionString: server.connectionString)
        let session = try PostgresConnection.connect(configuration, logger: logger)
        _ = try session.execute(SQLStatement("create", "CREATE TABLE kept AS SELECT 1 AS v"))
        let first = try #require(server.processID)
        kill(first, SIGKILL)
        try server.start()
        #expect(server.processID != first)
        #expect(try query(server, "SELECT count(*) FROM kept") == "1")
        session.close()
    }

    @Test func startingAgainChangesNothing() throws {
        let server = server()
        defer { server.stop(mode: .immediate) }
        try server.start()
        let first = server.processID
        try server.start()
        #expect(server.processID == first)
    }

    /// What a killed parent leaves: a server that nobody's child object knows.
    @Test func takesOverARunningServer() throws {
        let first = server()
        defer { first.stop(mode: .immediate) }
        try first.start()
        let second = server()
        try second.start()
        #expect(second.processID == first.processID)
        #expect(second.connectionString == first.connectionString)
        #expect(try query(second, "SELECT 1") == "1")
        second.stop()
        #expect(!first.isRunning)
    }

    @Test func twoStartsAtOnceShareOneServer() throws {
        let servers = [server(), server(), server()]
        defer { servers[0].stop(mode: .immediate) }
        let failures = Mutex<[String]>([])
        let threads = servers.map { server in
            NamedThread("start") {
                do { try server.start() } catch { failures.withLock { $0.append("\(error)") } }
            }
        }
        for thread in threads { thread.join() }
        #expect(failures.withLock { $0 } == [])
        #expect(Set(servers.map(\.processID)).count == 1)
        #expect(servers[0].isRunning)
    }

    /// The number in a stale `postmaster.pid` may be anybody's: here it is ours.
    @Test func staleStateWithAReusedProcessNumber() throws {
        let server = server()
        defer { server.stop(mode: .immediate) }
        try server.start()
        let cluster = folder.file("new/postgres/cluster")
        let file = TemporaryFolder.content(cluster + "/postmaster.pid")
        server.stop(mode: .immediate)
        let rest = file.drop { $0 != "\n" }
        try Files.write("\(getpid())\(rest)", to: cluster + "/postmaster.pid")
        #expect(!server.isRunning)
        try server.start()
        #expect(server.processID != getpid())
        #expect(try query(server, "SELECT 1") == "1")
    }

    @Test func aHangingServerIsReplaced() throws {
        let server = server()
        defer { server.stop(mode: .immediate) }
        try server.start()
        let first = try #require(server.processID)
        kill(first, SIGSTOP)
        try server.start()
        #expect(server.processID != first)
        #expect(try query(server, "SELECT 1") == "1")
    }

    /// An interrupted creation leaves only a draft.
    @Test func anInterruptedCreationIsRepeated() throws {
        let server = server()
        defer { server.stop(mode: .immediate) }
        _ = try Files.makeFolder(folder.file("new/postgres/cluster.new/base"))
        try Files.write("15\n", to: folder.file("new/postgres/cluster.new/PG_VERSION"))
        try server.start()
        #expect(try query(server, "SELECT 1") == "1")
        #expect(!Files.exists(folder.file("new/postgres/cluster.new")))
    }

    @Test func aServerThatCannotStartSaysWhy() throws {
        let server = server()
        defer { server.stop(mode: .immediate) }
        try server.start()
        server.stop()
        let settings = folder.file("new/postgres/cluster/postgresql.conf")
        try Files.write("no_such_setting = 1\n", to: settings)
        let error = #expect(throws: LocalServiceError.self) { try server.start() }
        #expect(error?.code == .failed)
        #expect(error?.description.contains("no_such_setting") == true)
        try Files.write("", to: settings)
        try server.start()
        #expect(try query(server, "SELECT 1") == "1")
    }

    @Test(.enabled(if: geteuid() == 0, "only root runs the server as someone else"))
    func aFolderThatTheOtherUserCannotEnter() throws {
        let closed = folder.file("closed")
        mkdir(closed, 0o700)
        let server = PrivatePostgres(dataDirectory: closed + "/postgres", logger: logger)
        let error = #expect(throws: LocalServiceError.self) { try server.start() }
        #expect(error?.code == .fileSystem)
        #expect(error?.description.contains("cannot enter") == true)
    }
}
