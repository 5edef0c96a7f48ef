// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import Testing
import Threading

@testable import FlowStore
@testable import Worker

@Suite struct RunsInHandTests {
    static func handle(_ id: String, trustedFor milliseconds: Int = 60_000, failures: Int = 0) -> RunHandle {
        RunHandle(
            ClaimedRun(
                runID: id, account: "1", flowUUID: "f", flowName: "orders", revision: 1, schemaVersion: 1,
                state: .inProgress, attempt: 1, failures: failures, queuedAt: 1, startedAt: 2, manifest: nil,
                lastError: nil,
                definition: nil), trustedUntil: MonotonicClock.milliseconds + milliseconds)
    }

    @Test func roomIsReservedBeforeItIsTaken() {
        let inHand = RunsInHand(slots: 4)
        #expect(inHand.free == 4)
        #expect(inHand.reserve(3) == 3)
        #expect(inHand.reserve(3) == 1)
        #expect(inHand.reserve(1) == 0)
        inHand.settle(reserved: 3, [Self.handle("a")])
        #expect(inHand.free == 2 && inHand.count == 1)
        inHand.settle(reserved: 1, [])
        #expect(inHand.free == 3)
    }

    @Test func whatIsReleasedMakesRoom() {
        let inHand = RunsInHand(slots: 1)
        let handle = Self.handle("a")
        _ = inHand.reserve(1)
        inHand.settle(reserved: 1, [handle])
        #expect(inHand.free == 0)
        inHand.release(handle)
        #expect(inHand.count == 0 && inHand.free == 1)
    }

    /// A run that this worker lost and claimed again: the late end of the first attempt must not drop the second.
    @Test func anEarlierAttemptDoesNotReleaseALaterOne() {
        let inHand = RunsInHand(slots: 2)
        let first = Self.handle("a")
        let second = Self.handle("a")
        inHand.settle(reserved: inHand.reserve(1), [first])
        inHand.settle(reserved: inHand.reserve(1), [second])
        inHand.release(first)
        #expect(inHand.all.map { ObjectIdentifier($0) } == [ObjectIdentifier(second)])
    }

    @Test func shortRunsAreClaimedAhead() {
        let inHand = RunsInHand(slots: 2)
        for number in 0..<100 {
            let handle = Self.handle("\(number)")
            inHand.settle(reserved: inHand.reserve(1), [handle])
            inHand.release(handle)
        }
        #expect(inHand.free == 8)
    }

    @Test func whoDrainsTakesNothing() {
        let inHand = RunsInHand(slots: 2)
        inHand.drain()
        #expect(inHand.free == 0 && inHand.reserve(1) == 0)
    }

    @Test func aHandleIsEnteredOnce() {
        let handle = Self.handle("a")
        #expect(handle.isWaiting && !handle.isExecuting)
        #expect(handle.enter(.executing))
        #expect(!handle.enter(.returned))
        #expect(handle.isExecuting && !handle.isWaiting)
    }

    @Test func aHandleStopsForEveryReason() {
        #expect(!Self.handle("a").shouldStop)
        let expired = Self.handle("a", trustedFor: -1)
        #expect(expired.isStale && expired.shouldStop && !expired.isLost)
        expired.trust(until: MonotonicClock.milliseconds + 60_000)
        #expect(!expired.isStale)
        let lost = Self.handle("a")
        lost.lose()
        lost.trust(until: MonotonicClock.milliseconds + 60_000)
        #expect(lost.isStale && lost.shouldStop)
        let cancelled = Self.handle("a")
        cancelled.cancel()
        #expect(cancelled.shouldStop && !cancelled.isStale)
        let yielding = Self.handle("a")
        yielding.yield()
        #expect(yielding.shouldStop && !yielding.isStale)
    }

    @Test func aLeaseIsTrustedForLessThanItsTime() {
        #expect(LeaseKeeper.trustedUntil(asked: 1_000, leaseMilliseconds: 15_000) == 14_500)
        #expect(LeaseKeeper.trustedUntil(asked: 1_000, leaseMilliseconds: 1_000) == 1_800)
    }
}
