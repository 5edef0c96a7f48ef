// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Testing
import Threading

@Suite(.serialized)
struct NamedThreadTests {
    @Test
    func `It runs its body once, under its name, on a thread of its own`() {
        let names = Mutex<[String]>([])
        let thread = NamedThread("a-name-that-is-too-long") {
            var buffer = [UInt8](repeating: 0, count: 64)
            let file = open("/proc/thread-self/comm", O_RDONLY)
            let count = read(file, &buffer, buffer.count)
            close(file)
            names.withLock { $0.append(String(decoding: buffer[..<max(0, count - 1)], as: UTF8.self)) }
        }
        thread.join()
        thread.join()
        #expect(names.withLock { $0 } == ["a-name-that-is-"])
    }

    @Test
    func `A thread that nobody joins ends by itself and lets go of its body`() {
        final class Token: Sendable {}
        let done = Mailbox<Void>()
        weak var token: Token?
        do {
            let held = Token()
            token = held
            _ = NamedThread("unjoined") {
                withExtendedLifetime(held) {}
                _ = done.offer(())
            }
        }
        #expect(done.take(timeoutMilliseconds: 20_000).count == 1)
        for _ in 0..<20_000 where token != nil { usleep(1000) }
        #expect(token == nil)
    }

    @Test
    func `Time does not run backwards`() {
        var last = MonotonicClock.nanoseconds
        for _ in 0..<10_000 {
            let now = MonotonicClock.nanoseconds
            if now < last { Issue.record("\(now) after \(last)") }
            last = now
        }
        #expect(MonotonicClock.milliseconds >= last / 1_000_000)
    }
}
