// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Files that are read whole: of keys, of credentials.
enum SmallFile {
    static let maximumBytes = 1 << 20

    /// Why a file cannot be read.
    struct Failure: Error {
        let reason: String
    }

    /// The bytes of a file of at most 1 MiB.
    static func read(path: String) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(reason: "cannot be opened (errno \(errno))") }
        defer { close(file) }
        var bytes: [UInt8] = []
        while bytes.count <= maximumBytes {
            let chunk = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                count = max(0, Glibc.read(file, buffer.baseAddress, buffer.count))
            }
            if chunk.isEmpty { return bytes }
            bytes.append(contentsOf: chunk)
        }
        throw Failure(reason: "is larger than 1 MiB")
    }
}
