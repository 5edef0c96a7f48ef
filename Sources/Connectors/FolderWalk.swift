// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Walks the files below a folder in the order of their keys. One folder's names are held at a time per level.
///
/// Folders reached through symbolic links are left out, lest a link to a parent folder be walked for ever.
final class FolderWalk {
    private struct Entry {
        /// The name; a folder's ends in `/`, which gives files and folders their places among the keys.
        let name: String
        let isFolder: Bool
    }

    private struct Level {
        let path: String
        let keyPrefix: String
        let entries: [Entry]
        var index = 0
    }

    private let prefix: String
    private var levels: [Level] = []
    /// Keys up to this one are skipped.
    private let after: String?

    /// - Parameters:
    ///   - root: the bucket's folder.
    ///   - prefix: what all keys begin with.
    ///   - after: the last key of the page before; nil to begin at the beginning.
    init(root: String, prefix: String, after: String?) throws(ObjectStoreError) {
        self.prefix = prefix
        self.after = after
        let folderEnd = prefix.utf8.lastIndex(of: UInt8(ascii: "/")).map { prefix.utf8.index(after: $0) }
        let folder = String(prefix[..<(folderEnd ?? prefix.startIndex)])
        let name = String(prefix[(folderEnd ?? prefix.startIndex)...])
        try descend(path: folder.isEmpty ? root : "\(root)/\(folder.dropLast())", keyPrefix: folder, namePrefix: name)
    }

    /// Appends objects to `page` until it has `limit`. True if the walk has ended.
    func fill(_ page: inout [ObjectSummary], limit: Int) throws(ObjectStoreError) -> Bool {
        while let level = levels.last {
            guard level.index < level.entries.count else {
                levels.removeLast()
                continue
            }
            if page.count == limit { return false }
            levels[levels.count - 1].index += 1
            let entry = level.entries[level.index]
            let key = level.keyPrefix + entry.name
            if entry.isFolder {
                if let after, !after.utf8.starts(with: key.utf8), key.utf8.lexicographicallyPrecedes(after.utf8) {
                    continue
                }
                try descend(path: "\(level.path)/\(entry.name.dropLast())", keyPrefix: key, namePrefix: "")
            } else {
                if let after, !after.utf8.lexicographicallyPrecedes(key.utf8) { continue }
                if let summary = summary("\(level.path)/\(entry.name)", key) { page.append(summary) }
            }
        }
        return true
    }

    /// The object of a file; nil if it has vanished since its name was read, or is no regular file.
    private func summary(_ path: String, _ key: String) -> ObjectSummary? {
        guard let status = try? FileSystem.status(path), status.st_mode & S_IFMT == S_IFREG else { return nil }
        return ObjectSummary(
            key: key, size: Int64(status.st_size), etag: FolderObjectStore.etag(status),
            lastModifiedMicroseconds: Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000)
    }

    private func descend(path: String, keyPrefix: String, namePrefix: String) throws(ObjectStoreError) {
        guard let folder = opendir(path) else {
            let error = SystemError()
            // A folder that is not there, or is a file, holds no keys.
            if error.number == ENOENT || error.number == ENOTDIR { return }
            throw error.storeError(keyPrefix, missing: .noSuchKey)
        }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while let item = readdir(folder) {
            let kind = Int32(item.pointee.d_type)
            let name = withUnsafePointer(to: &item.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name else {
                throw ObjectStoreError(.invalidKey, "The folder '\(keyPrefix)' holds a file whose name is not UTF-8.")
            }
            if name == "." || name == ".." || !name.utf8.starts(with: namePrefix.utf8) { continue }
            switch kind {
            case folderKind: entries.append(Entry(name: name + "/", isFolder: true))
            case unknownKind:
                // Some file systems leave the kind open.
                let status = try? FileSystem.status("\(path)/\(name)", followingLinks: false)
                guard let mode = status?.st_mode else { continue }
                let isFolder = mode & S_IFMT == S_IFDIR
                entries.append(Entry(name: isFolder ? name + "/" : name, isFolder: isFolder))
            default: entries.append(Entry(name: name, isFolder: false))
            }
        }
        entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        levels.append(Level(path: path, keyPrefix: keyPrefix, entries: entries))
    }
}

private let folderKind = Int32(DT_DIR)
private let unknownKind = Int32(DT_UNKNOWN)
