// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Glibc

/// A folder of its own that other users may enter, removed with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.path + "/millrace-test-\(UUID().uuidString.prefix(8))"
        mkdir(path, 0o755)
        chmod(path, 0o755)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    static func content(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
