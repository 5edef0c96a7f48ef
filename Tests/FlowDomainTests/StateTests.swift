// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import Testing

@Suite struct RunStateTests {
    @Test func changesOfState() {
        let allowed: [RunState: Set<RunState>] = [
            .queued: [.inProgress, .canceled, .error],
            .inProgress: [.inProgress, .queued, .cancelStarted, .successful, .error, .canceled],
            .cancelStarted: [.cancelStarted, .canceled, .successful, .error],
            .successful: [], .error: [], .canceled: [],
        ]
        for from in RunState.allCases {
            for next in RunState.allCases {
                #expect(from.canBecome(next) == (allowed[from]?.contains(next) == true), "\(from) to \(next)")
            }
        }
    }

    @Test func nothingFollowsAnEnd() {
        for state in RunState.allCases {
            #expect(state.isFinal == RunState.allCases.allSatisfy { !state.canBecome($0) })
            #expect(state.isFinal == (RunEvent.Kind(endState: state) != nil))
        }
        for kind in RunEvent.Kind.allCases { #expect(kind.isEnd == kind.state.isFinal) }
    }

    @Test func theWireKnowsNoQueue() {
        #expect(RunState.queued.wireName == "InProgress")
        #expect(RunState.allCases.dropFirst().allSatisfy { $0.wireName == $0.rawValue })
    }
}

@Suite struct FlowActivityTests {
    private func event(
        _ kind: RunEvent.Kind, run: Int = 1, attempt: Int64 = 1, sequence: Int64 = 1, queuedAt: Int64 = 100
    ) -> RunEvent {
        RunEvent(
            kind: kind, account: Fixtures.account, flowUUID: Fixtures.id(0), flowName: "orders",
            runID: Fixtures.id(run), attempt: attempt, sequence: kind.isEnd ? RunEvent.endSequence : sequence,
            queuedAt: queuedAt, startedAt: queuedAt + 1, occurredAt: queuedAt + 10 + (kind.isEnd ? 90 : sequence),
            figures: RunFigures(records: sequence), message: kind.isEnd ? "\(kind)" : "")
    }

    @Test func followsARun() {
        var activity = FlowActivity()
        let started = activity.apply(event(.started))
        #expect(started)
        #expect(activity.lastRun == Fixtures.id(1) && activity.lastRunState == .inProgress)
        #expect(activity.runsEnded == 0)
        let succeeded = activity.apply(event(.succeeded))
        #expect(succeeded)
        #expect(activity.lastRunState == .successful && activity.lastRunMessage == "succeeded")
        #expect(activity.lastRunAt == 200 && activity.lastRunQueuedAt == 100)
        #expect(activity.runsEnded == 1)
    }

    @Test func countsFailuresInARow() {
        var activity = FlowActivity()
        let kinds: [RunEvent.Kind] = [.failed, .failed, .cancelled, .failed, .succeeded, .failed]
        var counts: [Int64] = []
        for (index, kind) in kinds.enumerated() {
            _ = activity.apply(event(kind, run: index, queuedAt: Int64(index) * 1_000))
            counts.append(activity.consecutiveFailures)
        }
        #expect(counts == [1, 2, 2, 3, 0, 1])
        #expect(activity.runsEnded == 6)
    }

    @Test func duplicatesChangeNothing() {
        let events = [
            event(.started), event(.progress, sequence: 2), event(.failed), event(.started, run: 2, queuedAt: 500),
            event(.failed, run: 2, queuedAt: 500),
        ]
        var once = FlowActivity()
        var twice = FlowActivity()
        for next in events {
            let isNew = once.apply(next)
            #expect(isNew)
            _ = twice.apply(next)
            let before = twice
            let isNewAgain = twice.apply(next)
            #expect(!isNewAgain)
            #expect(twice == before)
        }
        for old in events {
            let isNew = twice.apply(old)
            #expect(!isNew)
        }
        #expect(once == twice)
    }

    @Test func anEndIsFinal() {
        var activity = FlowActivity()
        _ = activity.apply(event(.succeeded, attempt: 1))
        let before = activity
        for late in [
            event(.progress, attempt: 1, sequence: 9), event(.progress, attempt: 2), event(.failed, attempt: 2),
        ] {
            let changed = activity.apply(late)
            #expect(!changed)
        }
        #expect(activity == before)
    }

    @Test func anEarlierAttemptIsOver() {
        var activity = FlowActivity()
        _ = activity.apply(event(.started, attempt: 2, sequence: 5))
        let stale = activity.apply(event(.progress, attempt: 1, sequence: 99))
        #expect(!stale)
        let current = activity.apply(event(.progress, attempt: 2, sequence: 6))
        #expect(current)
    }

    @Test func theLateEndOfAnEarlierRunCountsAndNoMore() {
        var activity = FlowActivity()
        _ = activity.apply(event(.started, run: 2, queuedAt: 500))
        let stale = activity.apply(event(.progress, run: 1, queuedAt: 100))
        #expect(!stale)
        let counted = activity.apply(event(.failed, run: 1, queuedAt: 100))
        #expect(counted)
        #expect(activity.lastRun == Fixtures.id(2) && activity.lastRunState == .inProgress)
        #expect(activity.runsEnded == 1 && activity.consecutiveFailures == 1)
    }

    /// Whatever order and however often the events of one run come: once its end has come, it counts once.
    @Test(arguments: 0..<50)
    func ordersOfOneRunsEventsAgree(_ seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let events = [
            event(.started), event(.progress, sequence: 2), event(.progress, attempt: 2, sequence: 3),
            event(.failed, attempt: 2),
        ]
        var shuffled = FlowActivity()
        for next in (events + events).shuffled(using: &random) { _ = shuffled.apply(next) }
        var ordered = FlowActivity()
        for next in events { _ = ordered.apply(next) }
        #expect(shuffled == ordered)
    }
}

@Suite struct AttemptPolicyTests {
    private func delay(_ policy: AttemptPolicy, _ failures: Int, _ jitter: Double) -> Int? {
        if case .retry(let delay) = policy.afterFailure(failures: failures, reason: "r", jitter: jitter) {
            return delay
        }
        return nil
    }

    @Test func delaysDoubleUpToTheLimit() {
        let policy = AttemptPolicy(maximumFailures: 100, firstDelayMilliseconds: 100, maximumDelayMilliseconds: 1_000)
        #expect((1...6).map { delay(policy, $0, 1) } == [100, 200, 400, 800, 1_000, 1_000])
        #expect(delay(policy, 99, 1) == 1_000)
    }

    @Test func jitterSpreadsOverHalfTheDelay() {
        let policy = AttemptPolicy(maximumFailures: 3, firstDelayMilliseconds: 100)
        #expect(delay(policy, 1, 0) == 50)
        #expect(delay(policy, 1, 0.5) == 75)
        #expect(delay(policy, 1, 1) == 100)
    }

    @Test func givesUpAfterTheLastAttempt() {
        let policy = AttemptPolicy(maximumFailures: 2)
        #expect(delay(policy, 1, 0) != nil)
        for failures in [2, 3] {
            #expect(
                policy.afterFailure(failures: failures, reason: "no route", jitter: 0)
                    == .giveUp(message: "no route (gave up after \(failures) attempts)"))
        }
    }

    @Test func thereIsAlwaysOneAttempt() {
        let policy = AttemptPolicy(maximumFailures: 0)
        #expect(policy.maximumFailures == 1)
        #expect(
            policy.afterFailure(failures: 1, reason: "x", jitter: 0) == .giveUp(message: "x (gave up after 1 attempt)"))
    }
}
