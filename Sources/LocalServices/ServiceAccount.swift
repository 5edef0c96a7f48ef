// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The user a service runs as: ourselves, or, when we are root, someone with fewer rights (PostgreSQL insists).
struct ServiceAccount: Sendable, Equatable {
    let userID: UInt32
    let groupID: UInt32
    /// The program that changes to that user, with its arguments; empty when that is us.
    private let prefix: [String]

    /// - Parameter folder: what the service stored before, if anything; its owner is used again.
    static func choose(name: String, folder: String) throws(LocalServiceError) -> ServiceAccount {
        let owner = Files.status(folder)
        guard geteuid() == 0 else {
            if let owner, owner.st_uid != geteuid() {
                throw LocalServiceError(.fileSystem, "\(folder) belongs to another user (\(owner.st_uid))")
            }
            return ServiceAccount(userID: geteuid(), groupID: getegid(), prefix: [])
        }
        if let owner, owner.st_uid != 0 { return try other(owner.st_uid, owner.st_gid) }
        if let user = find(name) { return try other(user.userID, user.groupID) }
        // Where users cannot be added, the one that Debian's package made will do.
        let problem = create(name)
        if let user = find(name) ?? find("postgres") { return try other(user.userID, user.groupID) }
        throw LocalServiceError(.notInstalled, "cannot add the system user \(name): \(problem)")
    }

    private static func other(_ userID: UInt32, _ groupID: UInt32) throws(LocalServiceError) -> ServiceAccount {
        for program in ["/usr/bin/setpriv", "/bin/setpriv"] where Files.isExecutable(program) {
            let prefix = [program, "--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups", "--"]
            return ServiceAccount(userID: userID, groupID: groupID, prefix: prefix)
        }
        throw LocalServiceError(.notInstalled, "setpriv (util-linux) is missing")
    }

    /// The command that runs `executable` as this user.
    func command(_ executable: String, _ arguments: [String]) -> (executable: String, arguments: [String]) {
        guard let program = prefix.first else { return (executable, arguments) }
        return (program, Array(prefix.dropFirst()) + [executable] + arguments)
    }

    /// Fails when this user cannot reach the folder, which would show as a riddle later.
    func checkAccess(to folder: String) throws(LocalServiceError) {
        let test = command("/usr/bin/test", ["-x", folder])
        let (exit, _) = try ChildProcess.run(test.executable, test.arguments, timeoutMilliseconds: 10_000)
        guard exit == .code(0) else {
            throw LocalServiceError(
                .fileSystem, "user \(userID) cannot enter \(folder): each folder above it needs the x permission")
        }
    }

    /// Makes the folder if it is missing; refuses one that another user could have put there.
    func makePrivateFolder(_ path: String) throws(LocalServiceError) {
        if mkdir(path, 0o700) == 0 {
            guard chown(path, userID, groupID) == 0, chmod(path, 0o700) == 0 else {
                throw LocalServiceError.fileSystem("cannot hand over \(path)")
            }
            return
        }
        guard errno == EEXIST else { throw LocalServiceError.fileSystem("cannot create \(path)") }
        guard let found = Files.status(path), found.st_mode & S_IFMT == S_IFDIR, found.st_uid == userID,
            found.st_mode & 0o022 == 0
        else {
            throw LocalServiceError(.fileSystem, "\(path) exists and is not a folder of user \(userID) alone")
        }
    }

    private static func find(_ name: String) -> (userID: UInt32, groupID: UInt32)? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil, entry.pw_uid != 0 else {
            return nil
        }
        return (entry.pw_uid, entry.pw_gid)
    }

    /// Returns why it may not have worked.
    private static func create(_ name: String) -> String {
        let arguments = [
            "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell",
            "/usr/sbin/nologin", name,
        ]
        do throws(LocalServiceError) {
            let (exit, output) = try ChildProcess.run("/usr/sbin/useradd", arguments, timeoutMilliseconds: 30_000)
            return "useradd ended with \(exit): \(output.split(separator: "\n").last ?? "")"
        } catch {
            return error.description
        }
    }
}
