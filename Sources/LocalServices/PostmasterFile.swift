// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a running server says about itself in `postmaster.pid` (miscadmin.h of PostgreSQL: one item per line).
struct PostmasterFile: Equatable {
    let processID: Int32
    let socketFolder: String
    /// `starting`, `stopping`, `ready` or `standby`; empty in the first moments.
    let status: String

    /// nil when the text is incomplete, as while it is being written.
    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, let processID = Int32(first), processID > 1 else { return nil }
        self.processID = processID
        socketFolder = lines.count > 4 ? String(lines[4]) : ""
        status = lines.count > 7 ? String(lines[7].prefix { $0 != " " }) : ""
    }

    static func read(cluster: String) -> PostmasterFile? {
        Files.read("\(cluster)/postmaster.pid").flatMap(PostmasterFile.init)
    }

    /// Whether the process still is that server: numbers are used again, above all after a container's restart.
    func isAlive(cluster: String) -> Bool {
        guard kill(processID, 0) == 0 || errno == EPERM else { return false }
        // Readable by everyone, unlike the working folder. A zombie's is empty.
        guard let line = Files.read("/proc/\(processID)/cmdline") else { return false }
        let arguments = line.split(separator: "\0").map(String.init)
        guard let option = arguments.firstIndex(of: "-D"), option + 1 < arguments.count else { return false }
        return arguments[option + 1] == cluster
    }
}
