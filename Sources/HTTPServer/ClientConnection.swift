// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// One accepted socket and how long it may stay in what it does. The library's own timer starts again with every byte,
/// so a client that drips would live for ever: deadlines are ours, enforced by `ConnectionTable`.
///
/// Thread-safe: the library's thread moves the phase, the reaper condemns; whoever exchanges the word first wins, so a
/// connection is never answered by both.
final class ClientConnection: Sendable {
    enum Phase: Int {
        /// Accepted; the first request line has not come.
        case opening
        /// Between two requests.
        case idle
        /// From the request line to the end of the body.
        case receiving
        /// With a handler; no deadline.
        case handling
        /// The response is on its way.
        case sending
        /// Refused on the wire; what the client still sends is discarded.
        case lingering
        /// Overdue; the socket was shut down and the library will close it.
        case condemned
    }

    let descriptor: Int32
    let remoteAddress: String
    /// Deadline in milliseconds of `MonotonicClock`, shifted by three bits, and the phase.
    private let word: Atomic<Int>

    init(descriptor: Int32, remoteAddress: String, deadline: Int) {
        self.descriptor = descriptor
        self.remoteAddress = remoteAddress
        word = Atomic(Self.pack(.opening, deadline))
    }

    /// Moves to a phase; false when the connection is condemned and must not be used any more.
    ///
    /// The deadline of a new connection stands until its first request is whole: receiving does not extend it.
    func enter(_ phase: Phase, deadline: Int = .max >> 3) -> Bool {
        var seen = word.load(ordering: .acquiring)
        while true {
            let (current, currentDeadline) = Self.unpack(seen)
            if current == .condemned { return false }
            let keep = current == .opening && phase == .receiving
            let next = Self.pack(phase, keep ? min(deadline, currentDeadline) : deadline)
            let (exchanged, original) = word.compareExchange(
                expected: seen, desired: next, ordering: .acquiringAndReleasing)
            if exchanged { return true }
            seen = original
        }
    }

    /// Condemns the connection if it is overdue, and tells what it was doing.
    func condemnIfOverdue(now: Int) -> Phase? {
        let seen = word.load(ordering: .acquiring)
        let (phase, deadline) = Self.unpack(seen)
        guard phase != .condemned, deadline <= now else { return nil }
        let next = Self.pack(.condemned, .max >> 3)
        let (exchanged, _) = word.compareExchange(expected: seen, desired: next, ordering: .acquiringAndReleasing)
        return exchanged ? phase : nil
    }

    /// Sends past the library, without waiting; false unless the socket took all.
    func send(_ bytes: [UInt8]) -> Bool {
        let sent = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
        return sent == bytes.count
    }

    /// Ends our direction; the client's may go on.
    func finishSending() { Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends both directions, at which the library's thread wakes up and closes the socket.
    /// - Parameter discarding: forget what was not sent yet, for a client that does not take it.
    func cutOff(discarding: Bool) {
        if discarding {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private static func pack(_ phase: Phase, _ deadline: Int) -> Int { deadline << 3 | phase.rawValue }

    private static func unpack(_ word: Int) -> (Phase, Int) { (Phase(rawValue: word & 7) ?? .condemned, word >> 3) }
}
