// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A few threads that work off a bounded queue, each entry with a deadline: for work that blocks, on behalf of threads that
/// must not. Each takes what is waiting, up to so much at once; it never waits for more. Thread-safe.
public final class DeadlinePool<Work: Sendable>: Sendable {
    /// Does what was taken at once. Told how many milliseconds are left for the first of it; 0 or fewer for works whose
    /// turn came too late, so that nobody waits for them any more.
    public typealias Perform = @Sendable (_ works: [Work], _ millisecondsLeft: Int) -> Void

    private struct Entry: Sendable {
        let deadline: Int
        let work: Work
    }

    private let entries: Mailbox<Entry>
    private let threads = Mutex<[NamedThread]>([])
    private let name: String
    private let count: Int
    private let atOnce: Int
    private let perform: Perform

    /// - Parameters:
    ///   - name: of the threads, each with its number.
    ///   - threads: how many.
    ///   - waiting: works that may wait for a thread.
    ///   - atOnce: works that a thread may take together.
    public init(name: String, threads count: Int, waiting: Int, atOnce: Int, perform: @escaping Perform) {
        entries = Mailbox(capacity: waiting)
        self.name = name
        self.count = count
        self.atOnce = atOnce
        self.perform = perform
    }

    public func start() {
        threads.withLock { threads in
            threads = (0..<count).map { index in NamedThread("\(name)-\(index)") { [self] in run() } }
        }
    }

    /// False when too much waits already, or after the shutdown. What was taken is told, whatever happens.
    /// - Parameter deadline: monotonic milliseconds.
    public func submit(deadline: Int, _ work: Work) -> Bool { entries.offer(Entry(deadline: deadline, work: work)) }

    /// Takes nothing more and waits for the end of what it has.
    public func shutdown() {
        entries.close()
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    private func run() {
        while true {
            let taken = entries.take(upTo: atOnce, timeoutMilliseconds: -1)
            if taken.isEmpty { return }
            let now = MonotonicClock.milliseconds
            let late = taken.filter { $0.deadline <= now }
            if !late.isEmpty { perform(late.map { $0.work }, 0) }
            let punctual = late.isEmpty ? taken : taken.filter { $0.deadline > now }
            guard let first = punctual.map({ $0.deadline }).min() else { continue }
            perform(punctual.map { $0.work }, first - now)
        }
    }
}

/// Told how many milliseconds are left; 0 or fewer when its turn came too late.
public typealias DeadlineJob = @Sendable (_ millisecondsLeft: Int) -> Void

extension DeadlinePool where Work == DeadlineJob {
    /// For jobs that are done one by one.
    public convenience init(name: String, threads: Int, waiting: Int) {
        self.init(name: name, threads: threads, waiting: waiting, atOnce: 1) { jobs, left in
            for job in jobs { job(left) }
        }
    }
}
