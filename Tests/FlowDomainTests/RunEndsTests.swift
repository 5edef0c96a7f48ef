// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import Testing

/// Each run's end counts once, in whatever order events come and however often.
@Suite struct RunEndsTests {
    private func event(_ kind: RunEvent.Kind, run: Int, sequence: Int64 = 1) -> RunEvent {
        RunEvent(
            kind: kind, account: Fixtures.account, flowUUID: Fixtures.id(0), flowName: "orders",
            runID: Fixtures.id(run), attempt: 1, sequence: kind.isEnd ? RunEvent.endSequence : sequence,
            queuedAt: Int64(run) * 100, startedAt: nil, occurredAt: Int64(run) * 100 + 50, figures: RunFigures(),
            message: "")
    }

    /// The events of so many runs, in order.
    private func runs(_ count: Int, _ random: inout SplitMix) -> [RunEvent] {
        (1...count).flatMap { run -> [RunEvent] in
            let end = [RunEvent.Kind.succeeded, .failed, .failed, .cancelled].randomElement(using: &random) ?? .failed
            return [event(.started, run: run), event(.progress, run: run, sequence: 2), event(end, run: run)]
        }
    }

    /// Written down from the definition, without any state.
    private func expected(_ events: [RunEvent]) -> (ended: Int64, failures: Int64) {
        let ends = events.filter { $0.kind.isEnd }.sorted { $0.queuedAt < $1.queuedAt }.map { $0.kind }
        let afterSuccess = ends.reversed().prefix { $0 != .succeeded }
        return (Int64(ends.count), Int64(afterSuccess.count { $0 == .failed }))
    }

    private func fold(_ events: [RunEvent]) -> FlowActivity {
        var activity = FlowActivity()
        for next in events {
            _ = activity.apply(next)
            // As a controller does it between two batches.
            let ends = activity.ends
            activity.ends = RunEnds(
                recent: ends.recentText, settled: ends.settled, settledFailures: ends.settledFailures, total: ends.total
            )
        }
        return activity
    }

    @Test(arguments: 0..<300)
    func anyOrderWithRepeatsCountsTheSame(_ seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let events = runs(1 + seed % RunEnds.limit, &random)
        let ordered = fold(events)
        #expect((ordered.runsEnded, ordered.consecutiveFailures) == expected(events))
        #expect(fold((events + events).shuffled(using: &random)) == ordered)
    }

    /// More runs than are kept one by one: an end may come after fewer than `limit` later ones, and again at any time.
    @Test(arguments: 0..<300)
    func longHistoriesCountTheSameUpToTheBound(_ seed: Int) {
        var random = SplitMix(state: UInt64(seed) &+ 1_000)
        let events = runs(60, &random)
        // Each event moves back by less than so many runs: none is overtaken by as many later ends as are kept.
        let places = events.enumerated().map { index, event in
            (Int(event.queuedAt / 100) * 3 + Int.random(in: 0..<(RunEnds.limit * 3 - 3), using: &random), index, event)
        }
        let displaced = places.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { $0.2 }
        var repeated: [RunEvent] = []
        for next in displaced {
            repeated.append(next)
            if let again = repeated.randomElement(using: &random) { repeated.append(again) }
        }
        let found = fold(repeated)
        #expect((found.runsEnded, found.consecutiveFailures) == expected(events))
        #expect(found.ends.recentText.split(separator: ",").count == RunEnds.limit)
    }

    @Test func anEndBeyondTheBoundIsNotCounted() {
        var ends = RunEnds()
        for run in 2...(RunEnds.limit + 2) {
            let isNew = ends.count(event(.failed, run: run))
            #expect(isNew)
        }
        let late = ends.count(event(.succeeded, run: 1))
        #expect(!late)
        #expect(ends.total == Int64(RunEnds.limit + 1) && ends.failuresInARow == ends.total)
    }

    @Test func aLateSuccessParts() {
        var ends = RunEnds()
        for run in [1, 2, 4, 5] { _ = ends.count(event(.failed, run: run)) }
        #expect(ends.failuresInARow == 4)
        _ = ends.count(event(.succeeded, run: 3))
        #expect(ends.failuresInARow == 2)
    }
}
