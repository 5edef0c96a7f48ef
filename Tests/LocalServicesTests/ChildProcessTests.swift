// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import LocalServices

@Suite(.serialized) struct ChildProcessTests {
    @Test func exitCode() throws {
        let child = try ChildProcess("/bin/sh", ["-c", "exit 3"])
        #expect(child.wait() == .code(3))
        #expect(!child.isRunning)
        // Too late, and without harm to whoever has the number by now.
        child.signal(SIGKILL)
        #expect(child.exit == .code(3))
    }

    @Test func signals() throws {
        let child = try ChildProcess("/bin/sleep", ["600"])
        #expect(child.wait(timeoutMilliseconds: 1) == nil)
        #expect(child.isRunning)
        child.signal(SIGTERM)
        #expect(child.wait() == .signal(SIGTERM))
    }

    @Test func terminateKillsTheStubborn() throws {
        let folder = TemporaryFolder()
        let log = folder.file("log")
        let child = try ChildProcess(
            "/bin/sh", ["-c", "trap '' TERM; echo deaf; exec sleep 600"], output: .append(path: log))
        while TemporaryFolder.content(log) != "deaf\n" {}
        #expect(child.terminate(timeoutMilliseconds: 10) == .signal(SIGKILL))
    }

    @Test func outputIsAppended() throws {
        let folder = TemporaryFolder()
        for word in ["one", "two"] {
            let child = try ChildProcess(
                "/bin/sh", ["-c", "echo \(word); echo \(word) >&2"], output: .append(path: folder.file("log")))
            #expect(child.wait() == .code(0))
        }
        #expect(TemporaryFolder.content(folder.file("log")) == "one\none\ntwo\ntwo\n")
    }

    @Test func missingProgram() {
        #expect(throws: LocalServiceError.self) { try ChildProcess("/nonexistent/program", []) }
        #expect(throws: LocalServiceError.self) {
            try ChildProcess.run("/nonexistent/program", [], timeoutMilliseconds: 1_000)
        }
    }

    @Test func runCollectsOutput() throws {
        let (exit, output) = try ChildProcess.run(
            "/bin/sh", ["-c", "echo out; echo error >&2; pwd; exit 7"], timeoutMilliseconds: 60_000)
        #expect(exit == .code(7))
        #expect(output == "out\nerror\n/\n")
    }

    @Test func runKeepsTheEndOfALongOutput() throws {
        let (exit, output) = try ChildProcess.run(
            "/bin/sh", ["-c", "head -c 1000000 /dev/zero | tr '\\0' x; echo end"], timeoutMilliseconds: 60_000)
        #expect(exit == .code(0))
        #expect(output.utf8.count == 64 * 1024)
        #expect(output.hasSuffix("xend\n"))
    }

    @Test func runReadsItsInput() throws {
        let folder = TemporaryFolder()
        try Files.write("from a file", to: folder.file("input"))
        let (exit, output) = try ChildProcess.run(
            "/bin/cat", [], input: folder.file("input"), timeoutMilliseconds: 60_000)
        #expect(exit == .code(0))
        #expect(output == "from a file")
    }

    @Test func runHasADeadline() {
        let error = #expect(throws: LocalServiceError.self) {
            try ChildProcess.run("/bin/sleep", ["600"], timeoutMilliseconds: 20)
        }
        #expect(error?.code == .timeout)
    }

    /// Neither our descriptors, nor our ignored and blocked signals, nor our environment reach a child.
    @Test func nothingIsInherited() throws {
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        // For good: the servers of the tests beside this one count on it.
        Glibc.signal(SIGPIPE, SIG_IGN)
        setenv("MILLRACE_TEST_LEAK", "1", 1)
        defer { unsetenv("MILLRACE_TEST_LEAK") }
        let script = "cd /proc/self/fd && echo $(ls | wc -l); grep -E 'Sig(Blk|Ign)' /proc/self/status; env"
        let (_, output) = try ChildProcess.run(
            "/bin/sh", ["-c", script], environment: ["ONLY": "this", "PATH": "/usr/bin:/bin"],
            timeoutMilliseconds: 60_000)
        let lines = output.split(separator: "\n")
        // 0, 1, 2 and the folder that ls has open.
        #expect(lines.first.flatMap { Int($0) }.map { $0 <= 4 } == true)
        #expect(lines.contains("SigBlk:\t0000000000000000"))
        // Numbers 32 and 33 are glibc's own and out of reach.
        let ignored = lines.first { $0.hasPrefix("SigIgn:\t") }.flatMap { UInt64($0.dropFirst(8), radix: 16) }
        #expect(ignored.map { $0 & 0x7fff_ffff } == 0)
        #expect(lines.contains("ONLY=this"))
        #expect(!output.contains("MILLRACE_TEST_LEAK"))
    }

    @Test func oneDescriptorMayBeHandedDown() throws {
        let folder = TemporaryFolder()
        let lock = try #require(try FolderLock.tryAcquire(folder.file("lock")))
        let child = try ChildProcess(
            "/bin/sh", ["-c", "echo handed >&3; exec sleep 600"], inheriting: lock.descriptor)
        while TemporaryFolder.content(folder.file("lock")) != "handed\n" {}
        child.signal(SIGKILL)
        #expect(child.wait() == .signal(SIGKILL))
    }

    @Test func aLockLivesAsLongAsItsHeir() throws {
        let folder = TemporaryFolder()
        let path = folder.file("lock")
        let child: ChildProcess
        do {
            let lock = try #require(try FolderLock.tryAcquire(path))
            #expect(try FolderLock.tryAcquire(path) == nil)
            child = try ChildProcess("/bin/sleep", ["600"], inheriting: lock.descriptor)
        }
        #expect(try FolderLock.tryAcquire(path) == nil)
        child.signal(SIGKILL)
        _ = child.wait()
        // A child that another test is just starting has a copy of each descriptor for a moment.
        while try FolderLock.tryAcquire(path) == nil {}
    }
}
