// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing
import Threading

@Suite struct DeadlinePoolTests {
    private var later: Int { MonotonicClock.milliseconds + 60_000 }

    @Test func whatIsTooMuchIsRefusedAndTheRestIsDone() {
        let pool = DeadlinePool(name: "pool", threads: 2, waiting: 2)
        let done = Mutex(0)
        // Nobody works yet.
        for _ in 0..<2 {
            #expect(pool.submit(deadline: later) { left in done.withLock { $0 += left > 0 ? 1 : 100 } })
        }
        #expect(!pool.submit(deadline: later) { _ in })
        pool.start()
        pool.shutdown()
        #expect(done.withLock { $0 } == 2, "what was taken is done, also at the end")
        #expect(!pool.submit(deadline: later) { _ in })
    }

    @Test func whoseTurnComesTooLateIsTold() {
        let pool = DeadlinePool(name: "pool", threads: 1, waiting: 1)
        let left = Mailbox<Int>()
        #expect(pool.submit(deadline: MonotonicClock.milliseconds) { _ = left.offer($0) })
        pool.start()
        #expect(left.take(timeoutMilliseconds: 30_000).allSatisfy { $0 <= 0 })
        pool.shutdown()
    }
}
