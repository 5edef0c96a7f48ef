// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The few file operations needed here, as system calls.
enum Files {
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { return String(decoding: content, as: UTF8.self) }
            content += chunk[..<count]
        }
    }

    static func write(_ text: String, to path: String) throws(LocalServiceError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw LocalServiceError.fileSystem("cannot write \(path)") }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw LocalServiceError.fileSystem("cannot write \(path)")
        }
    }

    /// What the path itself is; links are not followed.
    static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    static func exists(_ path: String) -> Bool { status(path) != nil }

    static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// With its parents, readable by everyone, as far as they are missing. Returns the path without links.
    static func makeFolder(_ path: String) throws(LocalServiceError) -> String {
        var made = path.hasPrefix("/") ? "" : "."
        for component in path.split(separator: "/") {
            made += "/" + component
            if mkdir(made, 0o755) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES {
                throw LocalServiceError.fileSystem("cannot create the folder \(made)")
            }
        }
        guard let resolved = realpath(made, nil) else {
            throw LocalServiceError.fileSystem("cannot create the folder \(path)")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes a rename in this folder durable.
    static func synchronize(folder: String) {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }
}
