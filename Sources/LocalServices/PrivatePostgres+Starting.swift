// SPDX-License-Identifier: Apache-2.0
import Glibc
import Threading

extension PrivatePostgres {
    func startLocked(deadline: Int) throws(LocalServiceError) {
        let folder = try Files.makeFolder(requestedFolder)
        let cluster = folder + "/cluster"
        state.withLock { $0.folder = folder }
        let account = try ServiceAccount.choose(name: Self.userName, folder: cluster)
        try account.checkAccess(to: folder)
        let began = MonotonicClock.milliseconds
        var rung = 0
        while true {
            let lock = try FolderLock.tryAcquire(folder + "/lock")
            let file = PostmasterFile.read(cluster: cluster)
            let living = file.flatMap { $0.isAlive(cluster: cluster) ? $0 : nil }
            if let lock, living == nil {
                try launch(folder: folder, cluster: cluster, account: account, lock: lock, deadline: deadline)
                return
            }
            if let living, living.status == "ready" {
                let binaries = try PostgresBinaries.find(version: version(cluster), searchPath: searchPath)
                if isAnswering(binaries, socketFolder: living.socketFolder) {
                    state.withLock { state in
                        state.account = account
                        state.binaries = binaries
                        state.socketFolder = living.socketFolder
                        if state.child?.processID != living.processID { state.child = nil }
                    }
                    logger.info("database server taken over", [.path: cluster])
                    return
                }
            }
            if MonotonicClock.milliseconds >= deadline {
                throw LocalServiceError(.timeout, "the database server in \(folder) is neither ready nor gone")
            }
            // One that is starting may be recovering for minutes; leave it in peace.
            let isStarting = living.map { $0.status != "ready" && $0.status != "stopping" } ?? false
            if !isStarting && MonotonicClock.milliseconds - began > hangMilliseconds * (rung + 1) {
                rung += 1
                evict(living, cluster: cluster, account: account, signal: rung == 1 ? SIGQUIT : SIGKILL)
            }
            Pause.step()
        }
    }

    /// Ends a server that hangs, or what outlived one.
    private func evict(_ living: PostmasterFile?, cluster: String, account: ServiceAccount, signal: Int32) {
        if let living {
            logger.warning("database server does not answer; ending it", [.signal: String(signal)])
            kill(living.processID, signal)
            return
        }
        // Sessions carry the cluster's name in their title.
        let title = "postgres: \(Self.clusterName(cluster)):"
        for name in Files.names(in: "/proc") {
            guard let processID = Int32(name), let owner = Files.status("/proc/\(name)") else { continue }
            guard owner.st_uid == account.userID, Files.read("/proc/\(name)/cmdline")?.hasPrefix(title) ?? false else {
                continue
            }
            kill(processID, SIGKILL)
        }
    }

    /// Creates the cluster if there is none, then runs a server on it. Nobody else can: we hold the lock.
    private func launch(
        folder: String, cluster: String, account: ServiceAccount, lock: FolderLock, deadline: Int
    ) throws(LocalServiceError) {
        let binaries = try PostgresBinaries.find(version: version(cluster), searchPath: searchPath)
        if !Files.exists(cluster) {
            try initialize(folder: folder, cluster: cluster, account: account, binaries: binaries, deadline: deadline)
        }
        let sockets = try SocketFolder.make(for: cluster, account: account, runtimeFolder: runtimeFolder)
        // A dead server's leftovers.
        unlink(cluster + "/postmaster.pid")
        SocketFolder.clear(sockets, port: Self.port)
        let log = folder + "/postgres.log"
        if let status = Files.status(log), status.st_size > 16 << 20 { rename(log, log + ".1") }
        let command = account.command(
            binaries.path("postgres"), ["-D", cluster] + settings(cluster: cluster, sockets: sockets))
        let child = try ChildProcess(
            command.executable, command.arguments, output: .append(path: log), inheriting: lock.descriptor)
        state.withLock { state in
            state.account = account
            state.binaries = binaries
            state.socketFolder = sockets
            state.child = child
        }
        while true {
            if let exit = child.exit {
                // The last lines before the end: what is wrong, where, and that this is fatal.
                let reason = (Files.read(log) ?? "").split(separator: "\n").suffix(3).joined(separator: "; ")
                throw LocalServiceError(.failed, "postgres ended with \(exit), see \(log): \(reason)")
            }
            let file = PostmasterFile.read(cluster: cluster)
            if file?.processID == child.processID, file?.status == "ready",
                isAnswering(binaries, socketFolder: sockets)
            {
                return
            }
            if MonotonicClock.milliseconds >= deadline {
                throw LocalServiceError(.timeout, "the database server is not ready yet, see \(log)")
            }
            Pause.step()
        }
    }

    private func isAnswering(_ binaries: PostgresBinaries, socketFolder: String) -> Bool {
        let arguments = ["-q", "-t", "3", "-h", socketFolder, "-p", String(Self.port), "-U", Self.userName]
        let answer = try? ChildProcess.run(binaries.path("pg_isready"), arguments, timeoutMilliseconds: 5_000)
        return answer?.exit == .code(0)
    }

    /// The major version that wrote the cluster.
    private func version(_ cluster: String) -> Int? {
        Files.read(cluster + "/PG_VERSION").flatMap { Int($0.filter(\.isNumber)) }
    }

    /// Shown in the titles of the server's processes.
    static func clusterName(_ cluster: String) -> String { "millrace-" + SocketFolder.hash(cluster) }

    /// Small and local, but durable: fsync and synchronous_commit keep their defaults.
    private func settings(cluster: String, sockets: String) -> [String] {
        let settings = [
            ("listen_addresses", ""), ("port", String(Self.port)), ("unix_socket_directories", sockets),
            ("unix_socket_permissions", "0700"), ("cluster_name", Self.clusterName(cluster)),
            ("max_connections", String(maximumConnections)), ("shared_buffers", sharedBuffers),
            ("dynamic_shared_memory_type", "mmap"), ("huge_pages", "off"), ("jit", "off"),
            ("max_parallel_workers_per_gather", "0"), ("update_process_title", "off"),
            ("wal_level", "minimal"), ("max_wal_senders", "0"), ("max_wal_size", "512MB"),
            ("checkpoint_timeout", "15min"), ("log_checkpoints", "off"), ("log_min_messages", "warning"),
            ("log_min_error_statement", "panic"), ("log_error_verbosity", "terse"), ("logging_collector", "off"),
            ("log_line_prefix", "%m [%p] "), ("log_timezone", "UTC"), ("timezone", "UTC"), ("lc_messages", "C"),
        ]
        return settings.flatMap { ["-c", "\($0)=\($1)"] }
    }

    /// Fills a new folder and renames it, so that an interruption leaves nothing half made in place.
    private func initialize(
        folder: String, cluster: String, account: ServiceAccount, binaries: PostgresBinaries, deadline: Int
    ) throws(LocalServiceError) {
        logger.info("creating a database cluster", [.path: cluster])
        let draft = cluster + ".new"
        try runTool("/bin/rm", ["-rf", "--", draft], account: nil, deadline: deadline)
        try account.makePrivateFolder(draft)
        try runTool(
            binaries.path("initdb"),
            [
                "-D", draft, "--encoding=UTF8", "--locale=C", "--auth-local=trust", "--auth-host=reject",
                "--username=\(Self.userName)", "--no-instructions",
            ], account: account, deadline: deadline)
        // Single-user mode: the database is there before anyone can connect.
        let script = folder + "/create.sql"
        try Files.write("CREATE DATABASE \(Self.databaseName)\n", to: script)
        defer { unlink(script) }
        try runTool(
            binaries.path("postgres"), ["--single", "-D", draft, "-c", "exit_on_error=on", "postgres"],
            account: account, input: script, deadline: deadline)
        guard rename(draft, cluster) == 0 else { throw LocalServiceError.fileSystem("cannot rename \(draft)") }
        Files.synchronize(folder: folder)
    }

    private func runTool(
        _ executable: String, _ arguments: [String], account: ServiceAccount?, input: String? = nil, deadline: Int
    ) throws(LocalServiceError) {
        let command = account?.command(executable, arguments) ?? (executable, arguments)
        let (exit, output) = try ChildProcess.run(
            command.0, command.1, input: input,
            timeoutMilliseconds: max(1_000, deadline - MonotonicClock.milliseconds))
        guard exit == .code(0) else {
            throw LocalServiceError(.failed, "\(executable) ended with \(exit): \(output.suffix(500))")
        }
    }
}
