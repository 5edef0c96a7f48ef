// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An open file that closes itself. Not copyable, so that it is closed exactly once.
struct OpenFile: ~Copyable {
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

/// The system calls that the folder store makes, repeated when a signal interrupts them.
enum FileSystem {
    /// Opens only to ask where a file lies: O_PATH of Linux, which Glibc's module hides.
    static let pathOnly: Int32 = 0o10000000

    /// Opens a file; `mode` counts only with `O_CREAT`.
    static func open(
        _ path: String, _ flags: Int32, mode: mode_t = 0o666, at folder: Int32 = AT_FDCWD
    ) throws(SystemError) -> OpenFile {
        while true {
            let descriptor = openat(folder, path, flags | O_CLOEXEC, mode)
            if descriptor >= 0 { return OpenFile(descriptor: descriptor) }
            if errno != EINTR { throw SystemError() }
        }
    }

    static func status(_ file: borrowing OpenFile) throws(SystemError) -> stat {
        var result = stat()
        if fstat(file.descriptor, &result) != 0 { throw SystemError() }
        return result
    }

    /// - Parameter followingLinks: of the last component.
    static func status(_ path: String, followingLinks: Bool = true) throws(SystemError) -> stat {
        var result = stat()
        if fstatat(AT_FDCWD, path, &result, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW) != 0 { throw SystemError() }
        return result
    }

    /// Bytes read, 0 at the end.
    static func read(
        _ file: borrowing OpenFile, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemError) -> Int {
        while true {
            let count = pread(file.descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            if errno != EINTR { throw SystemError() }
        }
    }

    static func write(
        _ bytes: UnsafeRawBufferPointer, to file: borrowing OpenFile, at offset: Int64
    ) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                file.descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset) + off_t(done))
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError()
            }
            done += count
        }
    }

    /// Where an open file really lies, after every symbolic link: what was opened is what is checked.
    static func realPath(_ file: borrowing OpenFile) throws(SystemError) -> String {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer throws(SystemError) in
            guard let start = buffer.baseAddress else { return "" }
            let count = readlink("/proc/self/fd/\(file.descriptor)", start, buffer.count)
            if count < 0 { throw SystemError() }
            return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
        }
    }

    static func realPath(_ path: String) throws(SystemError) -> String {
        guard let resolved = realpath(path, nil) else { throw SystemError() }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes a folder; fine if it is there.
    static func makeFolder(_ name: String, at folder: Int32 = AT_FDCWD) throws(SystemError) {
        if mkdirat(folder, name, 0o777) != 0 && errno != EEXIST { throw SystemError() }
    }
}

/// A system call that failed.
struct SystemError: Error {
    let number: Int32

    /// The error of the call that has just failed.
    init() { number = errno }

    var reason: String { String(cString: strerror(number)) }

    /// The same as an error of the store.
    /// - Parameters:
    ///   - subject: what the caller worked on, such as `s3://bucket/key`.
    ///   - missing: the code if it is not there.
    func storeError(_ subject: String, missing: ObjectStoreError.Code) -> ObjectStoreError {
        switch number {
        case ENOENT: ObjectStoreError(missing, "\(subject) does not exist.")
        case EACCES, EPERM, EROFS, ELOOP: ObjectStoreError(.accessDenied, "\(subject): \(reason).")
        case ENOSPC, EDQUOT: ObjectStoreError(.outOfSpace, "\(subject) cannot be written: \(reason).")
        case ENOTDIR, EISDIR, ENOTEMPTY, EEXIST:
            ObjectStoreError(.invalidKey, "\(subject): a key of this bucket is a folder where another is a file.")
        case ENAMETOOLONG, EINVAL: ObjectStoreError(.invalidKey, "\(subject): \(reason).")
        case EXDEV:
            ObjectStoreError(.badRequest, "\(subject): the bucket's folder lies on another file system than its root.")
        default: ObjectStoreError(.serverError, "\(subject): \(reason).")
        }
    }
}
