// SPDX-License-Identifier: Apache-2.0
import Testing
import Threading

@testable import Kafka

extension KafkaTests {
    @Suite struct Completions {
        @Test func eachIsTakenOnce() {
            let table = CompletionTable()
            let calls = Mailbox<Int>()
            let keys = (0..<3).map { number in table.insert { _ in _ = calls.offer(number) } }
            #expect(keys == [1, 2, 3])
            #expect(table.count == 3)
            table.take(2)?(nil)
            #expect(table.take(2) == nil)
            #expect(table.take(0) == nil)
            #expect(table.take(99) == nil)
            // Slots are used again.
            #expect(table.insert { _ in _ = calls.offer(7) } == 2)
            for completion in table.takeAll() { completion(nil) }
            #expect(table.count == 0)
            #expect(calls.take(timeoutMilliseconds: 0) == [1, 0, 7, 2])
        }
    }
}
