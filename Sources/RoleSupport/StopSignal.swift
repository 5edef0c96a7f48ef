// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Threading

/// Tells the threads of a role to finish. Thread-safe; once raised it stays so.
public final class StopSignal: Sendable {
    private let raised = Atomic<Bool>(false)
    private let bell = Mailbox<Bool>()

    public init() {}

    public var isRaised: Bool { raised.load(ordering: .acquiring) }

    public func raise() {
        raised.store(true, ordering: .releasing)
        bell.close()
    }

    /// Waits until the signal is raised, at most so long.
    /// - Returns: whether it was.
    @discardableResult
    public func wait(milliseconds: Int) -> Bool {
        if isRaised { return true }
        _ = bell.take(timeoutMilliseconds: milliseconds)
        return isRaised
    }
}
