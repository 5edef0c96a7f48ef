// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An upload that a store is writing: its file and where its parts lie.
final class FolderUpload {
    let file: OpenFile
    var parts: [FolderPart] = []
    /// Up to where something may have been written.
    var end: Int64 = 0

    init(file: consuming OpenFile) { self.file = file }
}

/// A part's place in its upload's file. Its ETag says the same, so that a completion can check what it publishes.
struct FolderPart {
    let number: Int
    let offset: Int64
    let length: Int64

    init(number: Int, offset: Int64, length: Int64) {
        self.number = number
        self.offset = offset
        self.length = length
    }

    init?(etag: String) {
        let fields = etag.split(separator: "-").compactMap { Int64($0) }
        guard fields.count == 3, let number = Int(exactly: fields[0]), fields[1] >= 0, fields[2] >= 0 else {
            return nil
        }
        self.init(number: number, offset: fields[1], length: fields[2])
    }

    var etag: String { "\(number)-\(offset)-\(length)" }
    var end: Int64 { offset + length }
}

extension FolderObjectStore {
    /// Touches nothing but the bucket: the file appears with the first part.
    public func beginUpload(bucket: String, key: String, contentType: String) throws(ObjectStoreError) -> String {
        try checkCancelled()
        _ = try bucketFolder(bucket)
        try FolderKey.check(key: key)
        return FolderUploadID.make(key: key, owner: uploadOwner)
    }

    public func uploadPart(
        bucket: String, key: String, uploadID: String, number: Int, bytes: [UInt8]
    ) throws(ObjectStoreError) -> String {
        try checkCancelled()
        let path = try uploadPath(bucket, uploadID)
        // Only this store knows where the parts before lie.
        guard number == 1 || writing[path] != nil else {
            throw ObjectStoreError(.noSuchUpload, "\(Self.name(bucket, key)): the upload was not begun here.")
        }
        do throws(SystemError) {
            let upload = if let known = writing[path] { known } else { try open(path, uploadID) }
            // A repeated part replaces the one of its number and whatever came after.
            upload.parts.removeAll { $0.number >= number }
            let part = FolderPart(number: number, offset: upload.parts.last?.end ?? 0, length: Int64(bytes.count))
            if upload.end > part.offset, ftruncate(upload.file.descriptor, off_t(part.offset)) != 0 {
                throw SystemError()
            }
            upload.end = max(upload.end, part.end)
            try bytes.withUnsafeBufferPointer { content throws(SystemError) in
                try FileSystem.write(UnsafeRawBufferPointer(content), to: upload.file, at: part.offset)
            }
            if isDurable && fdatasync(upload.file.descriptor) != 0 { throw SystemError() }
            upload.parts.append(part)
            return part.etag
        } catch {
            throw error.storeError(Self.name(bucket, key), missing: .noSuchUpload)
        }
    }

    public func endParts(bucket: String, uploadID: String) {
        if let path = try? uploadPath(bucket, uploadID) { writing[path] = nil }
    }

    public func completeUpload(
        bucket: String, key: String, uploadID: String, parts: [(number: Int, etag: String)]
    ) throws(ObjectStoreError) {
        let path = try uploadPath(bucket, uploadID)
        let folder = try bucketFolder(bucket)
        try FolderKey.check(key: key)
        writing[path] = nil
        do {
            let size = try FileSystem.status(path, followingLinks: false).st_size
            try check(parts, size: Int64(size), bucket: bucket, key: key)
            let slash = key.utf8.lastIndex(of: UInt8(ascii: "/"))
            let parent = try openParent(folder, slash.map { key[..<$0] } ?? "", bucket: bucket, key: key)
            let name = String(slash.map { key[key.utf8.index(after: $0)...] } ?? key[...])
            if renameat(AT_FDCWD, path, parent.descriptor, name) != 0 { throw SystemError() }
            if isDurable && fsync(parent.descriptor) != 0 { throw SystemError() }
        } catch let error as ObjectStoreError {
            throw error
        } catch let error as SystemError {
            // Gone, but the object is there: an earlier attempt at this got as far as that.
            if error.number == ENOENT, try exists(bucket: bucket, key: key) { return }
            throw error.storeError(Self.name(bucket, key), missing: .noSuchUpload)
        } catch {
            throw ObjectStoreError(.serverError, "\(Self.name(bucket, key)) cannot be completed.")
        }
    }

    public func abortUpload(bucket: String, key: String, uploadID: String) throws(ObjectStoreError) {
        let path = try uploadPath(bucket, uploadID)
        writing[path] = nil
        if unlink(path) != 0 {
            let error = SystemError()
            if error.number == ENOENT || error.number == ENOTDIR { return }
            throw error.storeError(Self.name(bucket, key), missing: .noSuchUpload)
        }
    }

    public func listUploads(bucket: String, prefix: String) throws(ObjectStoreError) -> [PendingUpload] {
        _ = try bucketFolder(bucket)
        var uploads: [PendingUpload] = []
        let walk = try FolderWalk(root: "\(root)/\(Self.uploadsFolder)/\(bucket)", prefix: "", after: nil)
        var files: [ObjectSummary] = []
        _ = try walk.fill(&files, limit: .max)
        for file in files {
            guard let key = FolderUploadID.key(file.key) else { continue }
            let isWanted =
                key.text.utf8.starts(with: prefix.utf8)
                || (key.isCut && prefix.utf8.starts(with: key.text.utf8))
            if isWanted {
                uploads.append(
                    PendingUpload(
                        key: key.text, uploadID: file.key, initiatedMicroseconds: file.lastModifiedMicroseconds))
            }
        }
        return uploads
    }

    public func ownedUploads(olderThanMilliseconds age: Int) throws(ObjectStoreError) -> [OwnedUpload] {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let limit = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000 - Int64(age) * 1_000
        var files: [ObjectSummary] = []
        let walk = try FolderWalk(root: "\(root)/\(Self.uploadsFolder)", prefix: "", after: nil)
        _ = try walk.fill(&files, limit: .max)
        return files.compactMap { file in
            guard file.lastModifiedMicroseconds < limit, let slash = file.key.firstIndex(of: "/") else { return nil }
            let uploadID = String(file.key[file.key.index(after: slash)...])
            guard let owner = FolderUploadID.owner(uploadID) else { return nil }
            return OwnedUpload(bucket: String(file.key[..<slash]), uploadID: uploadID, owner: owner)
        }
    }

    // MARK: - Files

    private func uploadPath(_ bucket: String, _ uploadID: String) throws(ObjectStoreError) -> String {
        try FolderKey.check(bucket: bucket)
        guard FolderUploadID.key(uploadID) != nil else {
            throw ObjectStoreError(.noSuchUpload, "The specified upload does not exist.")
        }
        return "\(root)/\(Self.uploadsFolder)/\(bucket)/\(uploadID)"
    }

    private func open(_ path: String, _ uploadID: String) throws(SystemError) -> FolderUpload {
        let file: OpenFile
        do {
            file = try FileSystem.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        } catch {
            guard error.number == ENOENT else { throw error }
            let folder = path.dropLast(uploadID.utf8.count + 1)
            try FileSystem.makeFolder("\(root)/\(Self.uploadsFolder)")
            try FileSystem.makeFolder(String(folder))
            file = try FileSystem.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        }
        let upload = FolderUpload(file: file)
        writing[path] = upload
        return upload
    }

    /// Whether the file holds these parts, one behind the other, and nothing else.
    private func check(
        _ parts: [(number: Int, etag: String)], size: Int64, bucket: String, key: String
    ) throws(ObjectStoreError) {
        var end: Int64 = 0
        for part in parts {
            guard let placed = FolderPart(etag: part.etag), placed.number == part.number, placed.offset == end else {
                throw ObjectStoreError(
                    .invalidPart, "\(Self.name(bucket, key)): part \(part.number) is not as uploaded.")
            }
            end = placed.end
        }
        guard !parts.isEmpty, end == size else {
            throw ObjectStoreError(.invalidPart, "\(Self.name(bucket, key)): the parts do not make up the upload.")
        }
    }

    /// Opens the folder that will hold the object, made if need be, and never through a link out of the bucket.
    private func openParent(_ root: String, _ path: Substring, bucket: String, key: String) throws -> OpenFile {
        let full = path.isEmpty ? root : "\(root)/\(path)"
        do {
            let parent = try FileSystem.open(full, O_RDONLY | O_DIRECTORY)
            try checkInside(root, parent, bucket: bucket, key: key)
            return parent
        } catch let error as SystemError where error.number == ENOENT && !path.isEmpty {
            let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
            let above = try openParent(root, slash.map { path[..<$0] } ?? "", bucket: bucket, key: key)
            let name = String(slash.map { path[path.utf8.index(after: $0)...] } ?? path)
            try FileSystem.makeFolder(name, at: above.descriptor)
            if isDurable && fsync(above.descriptor) != 0 { throw SystemError() }
            return try FileSystem.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: above.descriptor)
        }
    }
}
