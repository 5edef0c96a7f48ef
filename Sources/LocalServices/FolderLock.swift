// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An advisory lock that lives as long as any process has the descriptor open: handed down to a server, it tells whether
/// that server or a child of it is alive, even from another container, and the kernel drops it after any kind of death.
final class FolderLock: Sendable {
    let descriptor: Int32

    /// nil when someone else holds it.
    static func tryAcquire(_ path: String) throws(LocalServiceError) -> FolderLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw LocalServiceError.fileSystem("cannot open \(path)") }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return FolderLock(descriptor) }
        let reason = errno
        close(descriptor)
        if reason == EWOULDBLOCK { return nil }
        throw LocalServiceError.fileSystem("cannot lock \(path)", errno: reason)
    }

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Gives up our share only; whoever inherited it keeps the lock.
    deinit { close(descriptor) }
}
