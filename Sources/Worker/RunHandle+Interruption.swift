// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import Threading

extension RunHandle {
    /// Why work on the run ends here and now; nil where it goes on.
    /// - Parameter figures: how far it has come.
    func interruption(_ figures: @autoclosure () -> RunFigures) -> AttemptResult? {
        if isStale { return .lost }
        if isCancelled { return .end(.canceled, figures(), message: RunConclusion.canceledMessage) }
        if isYielding { return .giveBack }
        return nil
    }

    /// Says when to stop cleaning up: after a second, or with the lease. The sweeper does the rest.
    func briefly() -> @Sendable () -> Bool {
        let end = MonotonicClock.milliseconds + 1_000
        return { self.isStale || MonotonicClock.milliseconds >= end }
    }
}
