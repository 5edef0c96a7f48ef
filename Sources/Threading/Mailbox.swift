// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A bounded queue between threads: senders see when it is full, one or more receivers take whatever is waiting in one
/// go. Thread-safe.
public final class Mailbox<Element: Sendable>: @unchecked Sendable {
    // @unchecked: every access to `items`, `taken` and `closed` happens under `mutex`.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let arrival: UnsafeMutablePointer<pthread_cond_t>
    private let departure: UnsafeMutablePointer<pthread_cond_t>
    /// Those before `taken` are gone; they are cleared away in bulk, so that taking a few from many stays cheap.
    private var items: [Element?] = []
    private var taken = 0
    private var closed = false
    private let capacity: Int

    public init(capacity: Int = .max) {
        self.capacity = capacity
        mutex = .allocate(capacity: 1)
        arrival = .allocate(capacity: 1)
        departure = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(arrival, &attributes)
        pthread_cond_init(departure, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_cond_destroy(departure)
        pthread_mutex_destroy(mutex)
        arrival.deallocate()
        departure.deallocate()
        mutex.deallocate()
    }

    /// Number of elements waiting.
    public var count: Int { locked { waiting } }

    /// Adds an element unless the mailbox is full or closed; false then.
    public func offer(_ element: Element) -> Bool {
        locked {
            if closed || waiting >= capacity { return false }
            items.append(element)
            pthread_cond_signal(arrival)
            return true
        }
    }

    /// Adds an element before all others, also beyond the capacity; false when the mailbox is closed. For what was begun
    /// and only needs to be finished.
    public func offerFirst(_ element: Element) -> Bool {
        locked {
            if closed { return false }
            if taken > 0 {
                taken -= 1
                items[taken] = element
            } else {
                items.insert(element, at: 0)
            }
            pthread_cond_signal(arrival)
            return true
        }
    }

    /// Adds an element, waiting while the mailbox is full; false when it was closed.
    public func put(_ element: Element) -> Bool {
        locked {
            while !closed && waiting >= capacity { pthread_cond_wait(departure, mutex) }
            if closed { return false }
            items.append(element)
            pthread_cond_signal(arrival)
            return true
        }
    }

    /// Takes up to `limit` elements in order, waiting up to `timeout` milliseconds for the first (negative: for ever).
    /// Empty when nothing came in time, or when the mailbox is closed and drained.
    public func take(upTo limit: Int = .max, timeoutMilliseconds timeout: Int) -> [Element] {
        locked {
            if waiting == 0 && !closed && timeout != 0 {
                var deadline = timespec()
                clock_gettime(CLOCK_MONOTONIC, &deadline)
                if timeout > 0 {
                    deadline.tv_sec += timeout / 1000
                    deadline.tv_nsec += (timeout % 1000) * 1_000_000
                    if deadline.tv_nsec >= 1_000_000_000 {
                        deadline.tv_sec += 1
                        deadline.tv_nsec -= 1_000_000_000
                    }
                }
                while waiting == 0 && !closed {
                    if timeout < 0 {
                        pthread_cond_wait(arrival, mutex)
                    } else if pthread_cond_timedwait(arrival, mutex, &deadline) == ETIMEDOUT {
                        break
                    }
                }
            }
            if waiting == 0 { return [] }
            let batch = removeFirst(min(waiting, max(0, limit)))
            if capacity < .max { pthread_cond_broadcast(departure) }
            return batch
        }
    }

    /// Refuses further elements and wakes everyone who waits; what is queued can still be taken.
    public func close() {
        locked {
            closed = true
            pthread_cond_broadcast(arrival)
            pthread_cond_broadcast(departure)
        }
    }

    /// Whether `close` was called.
    public var isClosed: Bool { locked { closed } }

    private var waiting: Int { items.count - taken }

    private func removeFirst(_ count: Int) -> [Element] {
        var batch: [Element] = []
        batch.reserveCapacity(count)
        for index in taken..<(taken + count) {
            if let element = items[index] { batch.append(element) }
            items[index] = nil
        }
        taken += count
        if taken == items.count {
            // A burst's memory is not kept.
            items.removeAll(keepingCapacity: items.count <= 1024)
            taken = 0
        } else if taken > 1024 && taken > items.count / 2 {
            items.removeFirst(taken)
            taken = 0
        }
        return batch
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
