// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing
import Threading

@Suite(.serialized)
struct MailboxTests {
    @Test
    func whatIsOfferedFirstComesFirst() {
        let mailbox = Mailbox<Int>(capacity: 3)
        for element in 1...3 { #expect(mailbox.offer(element)) }
        #expect(mailbox.offerFirst(0), "beyond the capacity")
        #expect(mailbox.take(upTo: 2, timeoutMilliseconds: 0) == [0, 1])
        #expect(mailbox.offerFirst(9))
        #expect(mailbox.offerFirst(8))
        #expect(mailbox.take(timeoutMilliseconds: 0) == [8, 9, 2, 3])
        mailbox.close()
        #expect(!mailbox.offerFirst(1))
    }

    @Test
    func `Elements come out in order, up to the limit`() {
        let mailbox = Mailbox<Int>()
        for number in 0..<10 { #expect(mailbox.offer(number)) }
        #expect(mailbox.count == 10)
        #expect(mailbox.take(upTo: 3, timeoutMilliseconds: 0) == [0, 1, 2])
        #expect(mailbox.offer(10))
        #expect(mailbox.take(upTo: 1, timeoutMilliseconds: -1) == [3])
        #expect(mailbox.take(timeoutMilliseconds: 0) == [4, 5, 6, 7, 8, 9, 10])
        #expect(mailbox.take(timeoutMilliseconds: 0) == [])
        #expect(mailbox.take(timeoutMilliseconds: 1) == [])
        #expect(mailbox.count == 0)
    }

    @Test
    func `A full mailbox refuses an offer and holds up a put`() {
        let mailbox = Mailbox<Int>(capacity: 2)
        #expect(mailbox.offer(0) && mailbox.offer(1))
        #expect(!mailbox.offer(2))
        let putter = NamedThread("putter") { for number in 2..<100 { _ = mailbox.put(number) } }
        var taken: [Int] = []
        while taken.count < 100 {
            let some = mailbox.take(upTo: 3, timeoutMilliseconds: 20_000)
            #expect((1...2).contains(some.count))
            if some.isEmpty { break }
            taken += some
        }
        putter.join()
        #expect(taken == Array(0..<100))
    }

    @Test
    func `Closing refuses what comes, keeps what is there and wakes all`() {
        let mailbox = Mailbox<Int>(capacity: 1)
        #expect(mailbox.offer(1))
        let refused = Atomic<Int>(0)
        let putters = (0..<3).map { _ in
            NamedThread("putter") { if !mailbox.put(2) { refused.wrappingAdd(1, ordering: .relaxed) } }
        }
        mailbox.close()
        for putter in putters { putter.join() }
        #expect(refused.load(ordering: .relaxed) == 3)
        #expect(mailbox.isClosed)
        #expect(!mailbox.offer(3))
        #expect(mailbox.take(timeoutMilliseconds: -1) == [1])
        #expect(mailbox.take(timeoutMilliseconds: -1) == [])
        let empty = Mailbox<Int>()
        let takers = (0..<3).map { _ in NamedThread("taker") { _ = empty.take(timeoutMilliseconds: -1) } }
        empty.close()
        for taker in takers { taker.join() }
    }

    @Test
    func `Several senders and receivers lose nothing and double nothing`() {
        let mailbox = Mailbox<Int>(capacity: 16)
        let seen = Mutex<[Int]>([])
        let receivers = (0..<3).map { number in
            NamedThread("receiver") {
                while true {
                    let some = mailbox.take(upTo: number + 1, timeoutMilliseconds: -1)
                    if some.isEmpty { return }
                    seen.withLock { $0 += some }
                }
            }
        }
        let senders = (0..<3).map { sender in
            NamedThread("sender") { for number in 0..<2000 { _ = mailbox.put(sender * 2000 + number) } }
        }
        for sender in senders { sender.join() }
        mailbox.close()
        for receiver in receivers { receiver.join() }
        #expect(seen.withLock { $0.sorted() } == Array(0..<6000))
    }

    /// Taking one at a time from a long queue must not move the rest each time.
    @Test
    func `A long backlog is taken one by one`() {
        let mailbox = Mailbox<Int>()
        for number in 0..<300_000 { _ = mailbox.offer(number) }
        for number in 0..<300_000 where mailbox.take(upTo: 1, timeoutMilliseconds: 0) != [number] {
            Issue.record("out of order at \(number)")
            return
        }
        #expect(mailbox.count == 0)
    }

    @Test
    func `What was taken is let go of`() {
        final class Token: Sendable {}
        let mailbox = Mailbox<Token>()
        weak var first: Token?
        do {
            let token = Token()
            first = token
            _ = mailbox.offer(token)
            for _ in 0..<10 { _ = mailbox.offer(Token()) }
        }
        #expect(first != nil)
        _ = mailbox.take(upTo: 1, timeoutMilliseconds: 0)
        #expect(first == nil)
    }
}
