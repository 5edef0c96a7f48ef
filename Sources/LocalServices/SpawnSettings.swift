// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a child process starts with: a working folder, standard streams, default signals, no other descriptors.
struct SpawnSettings {
    var workingDirectory = "/"
    /// Descriptors for the child's 0, 1, 2 and, as far as given, 3 and up; nil is `/dev/null`.
    var descriptors: [Int32?] = [nil, nil, nil]
    /// A session of its own: signals of the terminal do not reach it.
    var hasOwnSession = true

    // Glibc has these since 2.29 and 2.34; Swift's module map hides what is declared for _GNU_SOURCE only.
    private typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>
    private typealias AddChangeDirectory = @convention(c) (Actions, UnsafePointer<CChar>) -> Int32
    private typealias AddCloseFrom = @convention(c) (Actions, Int32) -> Int32
    private static let setSessionFlag: Int32 = 0x80

    /// The process id, or an errno as failure.
    func spawn(
        _ executable: String, _ arguments: [String], _ environment: [String: String]
    ) throws(LocalServiceError) -> pid_t {
        let actions = Actions.allocate(capacity: 1)
        posix_spawn_file_actions_init(actions)
        defer {
            posix_spawn_file_actions_destroy(actions)
            actions.deallocate()
        }
        // First moved out of the way, so that no target overwrites a source that is still needed.
        let high = (descriptors.compactMap(\.self) + [Int32(clamping: descriptors.count)]).reduce(3, max) + 1
        for (index, source) in descriptors.enumerated() {
            let target = Int32(clamping: index)
            if let source {
                posix_spawn_file_actions_adddup2(actions, source, high + target)
            } else {
                posix_spawn_file_actions_addopen(actions, high + target, "/dev/null", O_RDWR, 0)
            }
        }
        for index in descriptors.indices {
            let target = Int32(clamping: index)
            posix_spawn_file_actions_adddup2(actions, high + target, target)
        }
        if let function = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") {
            _ = unsafeBitCast(function, to: AddCloseFrom.self)(actions, Int32(clamping: descriptors.count))
        }
        if let function = dlsym(nil, "posix_spawn_file_actions_addchdir_np") {
            _ = unsafeBitCast(function, to: AddChangeDirectory.self)(actions, workingDirectory)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // We ignore SIGPIPE and block what we wait for; a child must inherit neither.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        sigdelset(&signals, SIGKILL)
        sigdelset(&signals, SIGSTOP)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, Int16(flags | (hasOwnSession ? Self.setSessionFlag : 0)))

        let argumentPointers = Self.duplicate([executable] + arguments)
        let environmentPointers = Self.duplicate(environment.map { "\($0)=\($1)" })
        defer {
            for pointer in argumentPointers + environmentPointers { free(pointer) }
        }
        var process: pid_t = 0
        let status = posix_spawn(&process, executable, actions, &attributes, argumentPointers, environmentPointers)
        guard status == 0 else {
            throw LocalServiceError(.failed, "cannot start \(executable): \(String(cString: strerror(status)))")
        }
        return process
    }

    /// NULL-terminated; the caller frees each.
    private static func duplicate(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        strings.map { strdup($0) } + [nil]
    }
}
