// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Buckets as folders: `root/bucket/key`. Serves where no S3 endpoint is set.
///
/// Links that lead out of a bucket's folder are refused. Pending uploads are files below `root/.millrace-uploads`, a
/// name no bucket can have. Several stores, also of several processes, may share a root. Used by one thread at a time.
public final class FolderObjectStore: ObjectStore {
    /// Where pending uploads wait, below the root.
    public static let uploadsFolder = ".millrace-uploads"

    public var isCancelled: @Sendable () -> Bool = { false }
    /// A folder answers for good or not at all.
    public var ambiguousFailures: Int? { nil }

    public var uploadsTellOwner: Bool { true }
    public var uploadOwner: UploadOwner?

    /// As given, without a slash at its end.
    let root: String
    /// Whether what is acknowledged survives a loss of power, not only the end of the process.
    let isDurable: Bool
    /// Uploads that this store has begun to write, by their path: a run may write the same key to several buckets.
    var writing: [String: FolderUpload] = [:]

    private let pageSize: Int
    private var buffer: UnsafeMutableRawBufferPointer?
    private var buckets: [String: String] = [:]
    private var pausedWalk: (bucket: String, prefix: String, token: String, walk: FolderWalk)?

    /// Bytes handed to a sink at a time: large enough to be quick, small enough to stay in the second-level cache.
    private static let chunkSize = 256 * 1024

    /// - Parameters:
    ///   - root: an existing folder.
    ///   - durable: whether parts and completed objects are flushed to the disk before a call returns.
    ///   - pageSize: objects in a page of a listing.
    public init(root: String, durable: Bool = true, pageSize: Int = 1000) {
        var root = root[...]
        while root.count > 1 && root.hasSuffix("/") { root.removeLast() }
        self.root = String(root)
        self.isDurable = durable
        self.pageSize = pageSize
    }

    deinit { buffer?.deallocate() }

    public func list(bucket: String, prefix: String, continuation: String?) throws(ObjectStoreError) -> ObjectPage {
        try checkCancelled()
        let folder = try bucketFolder(bucket)
        try FolderKey.check(prefix: prefix)
        let walk: FolderWalk
        if let paused = pausedWalk, paused.token == continuation, paused.bucket == bucket, paused.prefix == prefix {
            walk = paused.walk
        } else {
            if let folderOfPrefix = prefix.utf8.lastIndex(of: UInt8(ascii: "/")) {
                try checkInside(folder, "\(folder)/\(prefix[..<folderOfPrefix])", bucket: bucket, key: prefix)
            }
            walk = try FolderWalk(root: folder, prefix: prefix, after: continuation)
        }
        pausedWalk = nil
        var objects: [ObjectSummary] = []
        let isComplete = try walk.fill(&objects, limit: pageSize)
        guard !isComplete, let last = objects.last?.key else { return ObjectPage(objects: objects, next: nil) }
        pausedWalk = (bucket, prefix, last, walk)
        return ObjectPage(objects: objects, next: last)
    }

    public func read(
        bucket: String, key: String, etag: String?, from offset: Int64,
        into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try checkCancelled()
        let file = try open(bucket: bucket, key: key)
        let status: stat
        do { status = try FileSystem.status(file) } catch {
            throw error.storeError(Self.name(bucket, key), missing: .noSuchKey)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ObjectStoreError(.noSuchKey, "\(Self.name(bucket, key)) is not a file.")
        }
        if let etag, etag != Self.etag(status) {
            throw ObjectStoreError(.preconditionFailed, "\(Self.name(bucket, key)) has changed since it was listed.")
        }
        // Only what was there when the file was opened: it may be growing.
        let end = Int64(status.st_size)
        var position = offset
        let buffer = transferBuffer()
        while position < end {
            let wanted = Int(min(end - position, Int64(buffer.count)))
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let count: Int
            do { count = try FileSystem.read(file, into: piece, at: position) } catch {
                throw error.storeError(Self.name(bucket, key), missing: .noSuchKey)
            }
            guard count > 0 else {
                throw ObjectStoreError(
                    .preconditionFailed, "\(Self.name(bucket, key)) was cut short while it was read.")
            }
            try sink(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            position += Int64(count)
            if position < end { try checkCancelled() }
        }
    }

    public func exists(bucket: String, key: String) throws(ObjectStoreError) -> Bool {
        do {
            let file = try open(bucket: bucket, key: key)
            return try FileSystem.status(file).st_mode & S_IFMT == S_IFREG
        } catch let error as ObjectStoreError {
            if error.code == .noSuchKey { return false }
            throw error
        } catch let error as SystemError {
            throw error.storeError(Self.name(bucket, key), missing: .noSuchKey)
        } catch {
            throw ObjectStoreError(.serverError, "\(Self.name(bucket, key)) cannot be examined.")
        }
    }

    // MARK: - Shared with uploads

    static func name(_ bucket: String, _ key: String) -> String { "s3://\(bucket)/\(key)" }

    /// Differs whenever a file was replaced or written to.
    static func etag(_ status: stat) -> String {
        let time = UInt64(bitPattern: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec))
        return "\"\(String(status.st_ino, radix: 16))-\(String(time, radix: 16))-\(String(status.st_size, radix: 16))\""
    }

    func checkCancelled() throws(ObjectStoreError) {
        if isCancelled() { throw .cancelled }
    }

    /// The real path of a bucket's folder, which may itself be a link: whoever runs the service made it.
    func bucketFolder(_ bucket: String) throws(ObjectStoreError) -> String {
        if let known = buckets[bucket] {
            if access(known, F_OK) == 0 { return known }
            buckets[bucket] = nil
        }
        try FolderKey.check(bucket: bucket)
        let path: String
        do {
            path = try FileSystem.realPath("\(root)/\(bucket)")
            guard try FileSystem.status(path).st_mode & S_IFMT == S_IFDIR else {
                throw ObjectStoreError(.noSuchBucket, "The specified bucket does not exist: \(bucket)")
            }
        } catch let error as ObjectStoreError {
            throw error
        } catch let error as SystemError {
            if error.number == ENOENT || error.number == ENOTDIR {
                throw ObjectStoreError(.noSuchBucket, "The specified bucket does not exist: \(bucket)")
            }
            throw error.storeError("Bucket \(bucket)", missing: .noSuchBucket)
        } catch {
            throw ObjectStoreError(.serverError, "Bucket \(bucket) cannot be opened.")
        }
        if buckets.count >= 1000 { buckets.removeAll() }
        buckets[bucket] = path
        return path
    }

    /// Refuses what lies outside its bucket's folder.
    func checkInside(
        _ folder: String, _ file: borrowing OpenFile, bucket: String, key: String
    ) throws(ObjectStoreError) {
        let real: String
        do { real = try FileSystem.realPath(file) } catch {
            throw error.storeError(Self.name(bucket, key), missing: .noSuchKey)
        }
        guard real.utf8.starts(with: folder.utf8),
            real.utf8.count == folder.utf8.count || real.utf8.dropFirst(folder.utf8.count).first == UInt8(ascii: "/")
        else {
            throw ObjectStoreError(.accessDenied, "\(Self.name(bucket, key)): a link leads out of the bucket's folder.")
        }
    }

    private func checkInside(
        _ folder: String, _ path: String, bucket: String, key: String
    ) throws(ObjectStoreError) {
        do {
            let file = try FileSystem.open(path, FileSystem.pathOnly)
            try checkInside(folder, file, bucket: bucket, key: key)
        } catch let error as ObjectStoreError {
            throw error
        } catch {
            // Not there: nothing to refuse.
            return
        }
    }

    private func open(bucket: String, key: String) throws(ObjectStoreError) -> OpenFile {
        let folder = try bucketFolder(bucket)
        try FolderKey.check(key: key)
        let file: OpenFile
        do {
            // O_NONBLOCK: opening a pipe must not wait for its writer.
            file = try FileSystem.open("\(folder)/\(key)", O_RDONLY | O_NONBLOCK | O_NOCTTY)
        } catch {
            if error.number == ENOTDIR {
                throw ObjectStoreError(.noSuchKey, "\(Self.name(bucket, key)) does not exist.")
            }
            throw error.storeError(Self.name(bucket, key), missing: .noSuchKey)
        }
        try checkInside(folder, file, bucket: bucket, key: key)
        return file
    }

    private func transferBuffer() -> UnsafeMutableRawBufferPointer {
        if let buffer { return buffer }
        let fresh = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkSize, alignment: 4096)
        buffer = fresh
        return fresh
    }
}
