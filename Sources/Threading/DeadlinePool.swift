// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A few threads that work off a bounded queue of jobs, each with a deadline: for work that blocks, on behalf of
/// threads that must not. Thread-safe.
public final class DeadlinePool: Sendable {
    /// Told how many milliseconds are left; 0 or fewer when its turn came too late, so that nobody waits for it any
    /// more.
    public typealias Job = @Sendable (_ millisecondsLeft: Int) -> Void

    private struct Entry: Sendable {
        let deadline: Int
        let job: Job
    }

    private let jobs: Mailbox<Entry>
    private let threads = Mutex<[NamedThread]>([])
    private let name: String
    private let count: Int

    /// - Parameters:
    ///   - name: of the threads, each with its number.
    ///   - threads: jobs that are done at the same time.
    ///   - waiting: jobs that may wait for a thread.
    public init(name: String, threads count: Int, waiting: Int) {
        jobs = Mailbox(capacity: waiting)
        self.name = name
        self.count = count
    }

    public func start() {
        threads.withLock { threads in
            threads = (0..<count).map { index in NamedThread("\(name)-\(index)") { [self] in run() } }
        }
    }

    /// False when too much waits already, or after the shutdown. What was taken is told, whatever happens.
    /// - Parameter deadline: monotonic milliseconds.
    public func submit(deadline: Int, _ job: @escaping Job) -> Bool { jobs.offer(Entry(deadline: deadline, job: job)) }

    /// Takes no more jobs and waits for the end of those that it has.
    public func shutdown() {
        jobs.close()
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    private func run() {
        while let entry = jobs.take(upTo: 1, timeoutMilliseconds: -1).first {
            entry.job(entry.deadline - MonotonicClock.milliseconds)
        }
    }
}
