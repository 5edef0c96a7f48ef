// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL

/// Groups writes by kind into one statement each, and reads the answers back into the writes' order.
struct RunWriteBatch {
    private let writes: [RunWrite]
    /// By run: row locks are taken in one order by all who write.
    private let ordered: [RunWrite]
    private(set) var steps: [(SQLStatement, [SQLValue])] = []
    private var manifestStep: Int?
    private var endStep: Int?
    private var requeueStep: Int?

    init(_ writes: [RunWrite]) {
        self.writes = writes
        ordered = writes.sorted { $0.runID < $1.runID }
        addUploads()
        addSettled()
        addManifests()
        addRequeues()
        addEnds()
    }

    func results(_ answers: [SQLRows]) -> [RunWriteResult] {
        var manifests: [String: RunWriteResult] = [:]
        if let manifestStep {
            let rows = answers[manifestStep]
            for row in 0..<rows.count {
                let result: RunWriteResult =
                    rows.bool(row, 1) == true
                    ? .done : rows.text(row, 2) == RunState.cancelStarted.rawValue ? .cancelled : .fenced
                manifests[rows.text(row, 0) ?? ""] = result
            }
        }
        var ended: [String: Int64] = [:]
        if let endStep {
            let rows = answers[endStep]
            for row in 0..<rows.count { ended[rows.text(row, 0) ?? ""] = rows.int(row, 1) ?? 0 }
        }
        var requeued: Set<String> = []
        if let requeueStep {
            let rows = answers[requeueStep]
            for row in 0..<rows.count { requeued.insert(rows.text(row, 0) ?? "") }
        }
        return writes.map { write in
            switch write {
            case .manifest(let runID, _, _, _): manifests[runID] ?? .fenced
            case .end(let runID, _, _, _, _, _, _, _, _): ended[runID].map { .ended(outboxID: $0) } ?? .fenced
            case .requeue(let runID, _, _, _, _, _): requeued.contains(runID) ? .done : .fenced
            case .recordUpload, .settleUpload: .done
            }
        }
    }

    private mutating func addUploads() {
        var buckets: [String] = []
        var keys: [String] = []
        var uploads: [String] = []
        var runs: [String] = []
        var attempts: [Int64] = []
        for case .recordUpload(let runID, let attempt, let bucket, let key, let uploadID) in ordered {
            buckets.append(bucket)
            keys.append(key)
            uploads.append(uploadID)
            runs.append(runID)
            attempts.append(attempt)
        }
        if runs.isEmpty { return }
        steps.append(
            (
                RunStatements.recordUploads,
                [.textArray(buckets), .textArray(keys), .textArray(uploads), .textArray(runs), .intArray(attempts)]
            ))
    }

    private mutating func addSettled() {
        var runs: [String] = []
        var attempts: [Int64] = []
        var buckets: [String] = []
        var keys: [String] = []
        for case .settleUpload(let runID, let attempt, let bucket, let key) in ordered {
            runs.append(runID)
            attempts.append(attempt)
            buckets.append(bucket)
            keys.append(key)
        }
        if keys.isEmpty { return }
        steps.append(
            (
                RunStatements.settleUploads,
                [.textArray(buckets), .textArray(keys), .textArray(runs), .intArray(attempts)]
            ))
    }

    private mutating func addManifests() {
        var runs: [String] = []
        var attempts: [Int64] = []
        var manifests: [String] = []
        var figures: [RunFigures] = []
        for case .manifest(let runID, let attempt, let manifest, let reached) in ordered {
            runs.append(runID)
            attempts.append(attempt)
            manifests.append(manifest)
            figures.append(reached)
        }
        if runs.isEmpty { return }
        manifestStep = steps.count
        steps.append(
            (
                RunStatements.storeManifest,
                [
                    .textArray(runs), .intArray(attempts), .textArray(manifests),
                    .intArray(figures.map { $0.records }), .intArray(figures.map { $0.bytesRead }),
                    .intArray(figures.map { $0.bytesWritten }),
                ]
            ))
    }

    private mutating func addRequeues() {
        var runs: [String] = []
        var attempts: [Int64] = []
        var delays: [Int64] = []
        var failed: [Int64] = []
        var errors: [String?] = []
        var manifests: [String?] = []
        for case .requeue(let runID, let attempt, let delay, let didFail, let error, let manifest) in ordered {
            manifests.append(manifest)
            runs.append(runID)
            attempts.append(attempt)
            delays.append(Int64(delay))
            failed.append(didFail ? 1 : 0)
            errors.append(error)
        }
        if runs.isEmpty { return }
        requeueStep = steps.count
        steps.append(
            (
                RunStatements.requeue,
                [
                    .textArray(runs), .intArray(attempts), .intArray(delays), .intArray(failed), .textArray(errors),
                    .textArray(manifests),
                ]
            ))
    }

    private mutating func addEnds() {
        var runs: [String] = []
        var attempts: [Int64] = []
        var states: [String] = []
        var times: [Int64] = []
        var figures: [RunFigures] = []
        var messages: [String] = []
        var destinations: [String?] = []
        var headers: [String] = []
        var values: [String] = []
        for case .end(
            let runID, let attempt, let state, let endedAt, let reached, let message, let results, let eventHeaders,
            let eventValue) in ordered
        {
            runs.append(runID)
            attempts.append(attempt)
            states.append(state.rawValue)
            times.append(endedAt)
            figures.append(reached)
            messages.append(message)
            destinations.append(results)
            headers.append(eventHeaders)
            values.append(eventValue)
        }
        if runs.isEmpty { return }
        endStep = steps.count
        steps.append(
            (
                RunStatements.end,
                [
                    .textArray(runs), .intArray(attempts), .textArray(states), .intArray(times),
                    .intArray(figures.map { $0.records }), .intArray(figures.map { $0.bytesRead }),
                    .intArray(figures.map { $0.bytesWritten }), .textArray(messages), .textArray(headers),
                    .textArray(values), .textArray(destinations),
                ]
            ))
    }
}
