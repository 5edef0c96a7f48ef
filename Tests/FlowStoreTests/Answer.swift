// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing
import Threading

/// What another thread comes to.
final class Answer<Value: Sendable>: @unchecked Sendable {
    // Unchecked only for the body, which runs once, on the one thread that is made for it.
    private let mailbox = Mailbox<Result<Value, any Error>>(capacity: 1)

    func start(_ body: @escaping () throws -> Value) {
        let carried = Carried(body: body)
        _ = NamedThread("answer") { [mailbox] in _ = mailbox.offer(Result { try carried.body() }) }
    }

    func get() throws -> Value { try #require(mailbox.take(timeoutMilliseconds: 30_000).first).get() }

    private struct Carried: @unchecked Sendable {
        let body: () throws -> Value
    }
}

/// Asks again until it is so; a failure after half a minute.
func waitUntil(_ condition: () throws -> Bool) throws {
    let pause = Mailbox<Bool>()
    let end = MonotonicClock.milliseconds + 30_000
    while try !condition() {
        try #require(MonotonicClock.milliseconds < end, "it never came")
        _ = pause.take(timeoutMilliseconds: 5)
    }
}
