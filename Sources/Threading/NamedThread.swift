// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// A thread of its own for code that blocks: C libraries are never called on Swift's cooperative pool, whose width is
/// the number of cores. The body runs once; `join` waits for its end.
public final class NamedThread: Sendable {
    private let handle: Mutex<pthread_t?>

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// - Parameters:
    ///   - name: shown by `ps -L` and debuggers; Linux keeps the first 15 bytes.
    ///   - stackSize: in bytes; the default serves all but deep recursion.
    ///   - body: runs on the new thread.
    public init(_ name: String, stackSize: Int = 512 * 1024, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, stackSize)
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        // The new thread takes the one reference that is retained here.
        let context = Unmanaged.passRetained(Body(name: name, run: body)).toOpaque()
        let status = pthread_create(&thread, &attributes, namedThreadEntry, context)
        precondition(status == 0, "pthread_create failed with errno \(status)")
        handle = Mutex(thread)
    }

    /// Waits until the body has returned. Calling it again returns at once.
    public func join() {
        let thread = handle.withLock { stored -> pthread_t? in
            defer { stored = nil }
            return stored
        }
        if let thread { pthread_join(thread, nil) }
    }

    deinit {
        // Not joined: let the system reclaim the thread when it ends.
        handle.withLock { stored in
            if let thread = stored { pthread_detach(thread) }
        }
    }

    fileprivate static func run(_ context: UnsafeMutableRawPointer) {
        let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        setName(String(decoding: body.name.utf8.prefix(15), as: UTF8.self))
        body.run()
    }
}

/// Names the calling thread. Glibc's `pthread_setname_np` is not visible to Swift, the kernel's file is.
private func setName(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    var name = name
    name.withUTF8 { bytes in _ = write(file, bytes.baseAddress, bytes.count) }
    close(file)
}

private func namedThreadEntry(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { NamedThread.run(context) }
    return nil
}
