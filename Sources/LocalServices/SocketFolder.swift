// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A short folder for a server's socket: the kernel allows 107 bytes for the socket's whole path.
enum SocketFolder {
    private static let longest = 90

    /// Made for one cluster and open to its user alone, since whoever reaches the socket may do anything.
    static func make(
        for cluster: String, account: ServiceAccount, runtimeFolder: String?
    ) throws(LocalServiceError) -> String {
        var candidates: [String] = []
        if geteuid() == 0 {
            candidates.append("/run/millrace-\(hash(cluster))")
        } else if let runtimeFolder, runtimeFolder.hasPrefix("/") {
            candidates.append("\(runtimeFolder)/millrace-\(hash(cluster))")
        }
        candidates.append("/tmp/millrace-\(account.userID)-\(hash(cluster))")
        var problem = LocalServiceError(.fileSystem, "no folder for sockets")
        for candidate in candidates where candidate.utf8.count <= longest {
            do throws(LocalServiceError) {
                try account.makePrivateFolder(candidate)
                return candidate
            } catch {
                problem = error
            }
        }
        throw problem
    }

    /// What a server left in its folder; PostgreSQL would believe a lock file whose process number is in use again.
    static func clear(_ folder: String, port: Int) {
        unlink("\(folder)/.s.PGSQL.\(port)")
        unlink("\(folder)/.s.PGSQL.\(port).lock")
    }

    /// Only if nothing else is in it.
    static func remove(_ folder: String, port: Int) {
        clear(folder, port: port)
        rmdir(folder)
    }

    /// FNV-1a of the path, 12 hexadecimal digits: the same for each start, different for each cluster.
    static func hash(_ path: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String((String(repeating: "0", count: 16 - digits.count) + digits).suffix(12))
    }
}
