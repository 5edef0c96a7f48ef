// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Where PostgreSQL's server programs are.
struct PostgresBinaries: Sendable, Equatable {
    let folder: String

    func path(_ program: String) -> String { "\(folder)/\(program)" }

    /// - Parameter version: the major version that an existing cluster needs; nil: the newest there is.
    static func find(version: Int?, searchPath: String) throws(LocalServiceError) -> PostgresBinaries {
        // Debian and its relatives keep each major version in a folder of its own, outside PATH.
        let debian = "/usr/lib/postgresql"
        let installed = Files.names(in: debian).compactMap(Int.init).sorted(by: >)
        for major in installed where version == nil || major == version {
            let candidate = PostgresBinaries(folder: "\(debian)/\(major)/bin")
            if candidate.isComplete { return candidate }
        }
        for folder in searchPath.split(separator: ":") {
            let candidate = PostgresBinaries(folder: String(folder))
            if candidate.isComplete { return candidate }
        }
        let wanted = version.map { "PostgreSQL \($0)" } ?? "PostgreSQL"
        throw LocalServiceError(
            .notInstalled, "\(wanted) is not installed: no initdb and postgres in \(debian)/*/bin or in PATH")
    }

    private var isComplete: Bool {
        ["initdb", "postgres", "pg_isready"].allSatisfy { Files.isExecutable(path($0)) }
    }
}
