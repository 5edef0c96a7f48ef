// SPDX-License-Identifier: Apache-2.0
import CPostgreSQL
import Synchronization
import Threading

/// Stops whatever a connection is doing, from any thread. The request may arrive after the statement has ended and would
/// then hit the next one, so the connection counts as broken from here on.
public final class PostgresCancellation: @unchecked Sendable {
    // @unchecked: libpq documents that PQcancel may run on any thread; the handle is freed when nobody holds it.
    private let handle: OpaquePointer?
    private let used = Atomic(false)

    init(connection: OpaquePointer) { handle = PQgetCancel(connection) }

    deinit { PQfreeCancel(handle) }

    /// Whether `cancel` was called.
    public var wasUsed: Bool { used.load(ordering: .acquiring) }

    /// Returns at once: the request travels over a new connection, which libpq opens without a deadline.
    public func cancel() {
        guard handle != nil, !used.exchange(true, ordering: .acquiringAndReleasing) else { return }
        _ = NamedThread("pg-cancel") {
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                // Failure shows as the missing answer that made the caller cancel.
                _ = PQcancel(self.handle, message.baseAddress, 256)
            }
        }
    }
}
