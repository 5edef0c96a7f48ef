// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import Observability
import RoleSupport

/// Turns what an attempt came to into the write that ends it.
struct RunConclusion: Sendable {
    /// What the record of a run says that was cancelled while it went.
    static let canceledMessage = "The run was canceled."

    let configuration: WorkerConfiguration
    let ledger: WriteLedger
    let clock: WorkerClock
    let metrics: WorkerMetrics
    let outbox: OutboxPublisher
    let logger: Logger

    /// Writes what an attempt came to; `done` runs once that is written, or known to be refused.
    func conclude(_ handle: RunHandle, _ result: AttemptResult, done: @escaping @Sendable () -> Void) {
        let run = handle.run
        let fields: [LogKey: String] = [
            .run: run.runID, .flow: run.flowName, .account: run.account, .attempt: String(run.attempt),
        ]
        switch result {
        case .end(let state, let figures, let message, let destinations):
            end(handle, state, figures, message, destinations, fields: fields, done: done)
        case .retry(let reason, let manifest):
            let decision = configuration.attempts.afterFailure(
                failures: run.failures + 1, reason: reason, jitter: Double.random(in: 0...1))
            switch decision {
            case .giveUp(let message):
                end(handle, .error, RunFigures(), message, fields: fields, done: done)
            case .retry(let delay):
                metrics.retried.increment()
                logger.warning("the attempt failed; the run is queued again", fields.merging([.error: reason]) { $1 })
                requeue(handle, delay: delay, failed: true, error: reason, manifest: manifest, done: done)
            }
        case .giveBack:
            requeue(handle, delay: 0, failed: false, error: nil, manifest: nil, done: done)
        case .lost:
            metrics.fenced.increment()
            logger.warning("the run's lease was lost; another attempt goes on with it", fields)
            done()
        }
    }

    private func requeue(
        _ handle: RunHandle, delay: Int, failed: Bool, error: String?, manifest: OutputManifest?,
        done: @escaping @Sendable () -> Void
    ) {
        let run = handle.run
        ledger.submit(
            .requeue(
                runID: run.runID, attempt: run.attempt, delayMilliseconds: delay, failed: failed,
                error: error?.storable, manifest: manifest?.encoded())
        ) { result in
            // Refused because the run is being cancelled meanwhile: then this is its end. Where it was refused because the
            // attempt is no longer ours, so is the end.
            if result == .fenced && !handle.isLost {
                end(handle, .canceled, handle.figures, Self.canceledMessage, fields: [.run: run.runID], done: done)
            } else {
                done()
            }
        }
    }

    private func end(
        _ handle: RunHandle, _ state: RunState, _ figures: RunFigures, _ text: String,
        _ known: [DestinationResult] = [], fields: [LogKey: String], done: @escaping @Sendable () -> Void
    ) {
        let run = handle.run
        let message = text.storable
        let destinations = known.isEmpty && state == .error ? Self.allFailed(run, message) : known
        let now = clock.nowMicroseconds
        guard let kind = RunEvent.Kind(endState: state) else { return done() }
        let event = RunEvent(
            kind: kind, account: run.account, flowUUID: run.flowUUID, flowName: run.flowName, runID: run.runID,
            attempt: run.attempt, sequence: RunEvent.endSequence, queuedAt: run.queuedAt, startedAt: run.startedAt,
            occurredAt: now, figures: figures, message: message)
        let envelope = Envelope(
            id: event.eventID, kind: .runEvent, source: "/millrace/worker/\(configuration.instance)",
            subject: run.flowUUID)
        let headers = envelope.headersText
        let value = event.encoded().serializedString()
        ledger.submit(
            .end(
                runID: run.runID, attempt: run.attempt, state: state, endedAt: now, figures: figures, message: message,
                destinations: DestinationResult.encoded(destinations), eventHeaders: headers, eventValue: value)
        ) { result in
            if case .ended(let id) = result {
                outbox.publish(
                    OutboxStore.Row(id: id, topic: Topics.runEvents, key: event.key, headers: headers, value: value))
                metrics.ended.increment(by: 1, [state.rawValue])
                metrics.records.increment(by: Int(figures.records))
                metrics.bytesRead.increment(by: Int(figures.bytesRead))
                metrics.bytesWritten.increment(by: Int(figures.bytesWritten))
                logger.info(
                    "run ended",
                    fields.merging([.status: state.rawValue, .count: String(figures.records), .reason: message]) { $1 })
            } else {
                metrics.fenced.increment()
                logger.warning("the end of a run was refused: the lease was lost", fields)
            }
            done()
        }
    }

    /// What ended the run in error before its destinations differed is the failure of each.
    private static func allFailed(_ run: ClaimedRun, _ message: String) -> [DestinationResult] {
        guard let text = run.definition, let definition = try? FlowDefinition(stored: text) else { return [] }
        return DestinationResult.all(of: definition, failing: message)
    }
}
