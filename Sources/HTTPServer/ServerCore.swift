// SPDX-License-Identifier: Apache-2.0
import Observability
import Synchronization
import Threading

/// What the library's callbacks share. Lives as long as the library runs, retained by it.
final class ServerCore: Sendable {
    let configuration: HTTPServerConfiguration
    let handler: @Sendable (HTTPExchange) -> Void
    let connections = ConnectionTable()
    let ledger = ExchangeLedger()
    private let bufferedBytes = Atomic<Int>(0)

    init(_ configuration: HTTPServerConfiguration, handler: @escaping @Sendable (HTTPExchange) -> Void) {
        self.configuration = configuration
        self.handler = handler
    }

    /// A moment from now, in milliseconds of `MonotonicClock`.
    func deadline(seconds: Int) -> Int { MonotonicClock.milliseconds + seconds * 1000 }

    /// Accounts for bytes of a body; false when all bodies together would exceed their limit.
    func reserveBody(_ count: Int) -> Bool {
        let (_, total) = bufferedBytes.wrappingAdd(count, ordering: .relaxed)
        if total <= configuration.maximumBufferedBodies { return true }
        releaseBody(count)
        return false
    }

    func releaseBody(_ count: Int) {
        if count > 0 { bufferedBytes.wrappingSubtract(count, ordering: .relaxed) }
    }

    var bufferedBodyBytes: Int { bufferedBytes.load(ordering: .relaxed) }
}
