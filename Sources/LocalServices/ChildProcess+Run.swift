// SPDX-License-Identifier: Apache-2.0
import Glibc
import Threading

extension ChildProcess {
    /// Runs a program to its end and returns what it printed on both streams, at most the last 64 KiB.
    /// - Parameter input: a file for its standard input.
    public static func run(
        _ executable: String, _ arguments: [String], environment: [String: String] = ChildProcess.plainEnvironment,
        workingDirectory: String = "/", input: String? = nil, timeoutMilliseconds: Int
    ) throws(LocalServiceError) -> (exit: Exit, output: String) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw LocalServiceError.fileSystem("cannot make a pipe") }
        let (reading, writing) = (ends[0], ends[1])
        // Children started elsewhere at this moment close everything they were not given.
        _ = fcntl(reading, F_SETFD, FD_CLOEXEC)
        _ = fcntl(writing, F_SETFD, FD_CLOEXEC)
        defer { close(reading) }
        var settings = SpawnSettings()
        settings.workingDirectory = workingDirectory
        settings.descriptors = [nil, writing, writing]
        var source: Int32 = -1
        if let input {
            source = open(input, O_RDONLY | O_CLOEXEC)
            guard source >= 0 else {
                close(writing)
                throw LocalServiceError.fileSystem("cannot read \(input)")
            }
            settings.descriptors[0] = source
        }
        defer { if source >= 0 { close(source) } }
        let child: ChildProcess
        do {
            defer { close(writing) }
            child = try ChildProcess(executable, arguments, environment: environment, settings: settings)
        }
        let deadline = MonotonicClock.milliseconds + timeoutMilliseconds
        let output = drain(reading, until: deadline)
        let remaining = max(0, deadline - MonotonicClock.milliseconds)
        guard let exit = child.wait(timeoutMilliseconds: remaining) else {
            child.signal(SIGKILL)
            _ = child.wait()
            throw LocalServiceError(.timeout, "\(executable) took longer than \(timeoutMilliseconds) ms")
        }
        return (exit, output)
    }

    private static func drain(_ descriptor: Int32, until deadline: Int) -> String {
        let limit = 64 * 1024
        var collected: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let remaining = deadline - MonotonicClock.milliseconds
            if remaining <= 0 { break }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, Int32(clamping: remaining))
            if ready < 0 && errno == EINTR { continue }
            if ready <= 0 { break }
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            collected += chunk[..<count]
            if collected.count > 2 * limit { collected.removeFirst(collected.count - limit) }
        }
        return String(decoding: collected.suffix(limit), as: UTF8.self)
    }
}
