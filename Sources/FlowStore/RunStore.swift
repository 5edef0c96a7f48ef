// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
public import PostgreSQL

/// A run that this worker owns for the time of a lease.
public struct ClaimedRun: Sendable {
    public let runID: String
    public let account: String
    public let flowUUID: String
    public let flowName: String
    public let revision: Int64
    public let schemaVersion: Int64
    /// `InProgress`, or `CancelStarted` where a cancelled run's worker died.
    public let state: RunState
    /// The fencing token of this claim.
    public let attempt: Int64
    public let failures: Int
    /// Microseconds since 1970.
    public let queuedAt: Int64
    public let startedAt: Int64
    /// Stored by an earlier attempt: all that is left to do is to complete it.
    public let manifest: String?
    public let lastError: String?
    /// Nil when the flow is gone.
    public let definition: String?
}

/// What an attempt asks to be written; a batch of these is one round trip.
public enum RunWrite: Sendable {
    case manifest(runID: String, attempt: Int64, manifest: String, figures: RunFigures)
    /// `destinations` is stored with the run as it is (`DestinationResult.encoded`).
    case end(
        runID: String, attempt: Int64, state: RunState, endedAt: Int64, figures: RunFigures, message: String,
        destinations: String? = nil, eventHeaders: String, eventValue: String)
    /// With a manifest where the attempt got on with completing the one that is stored.
    case requeue(
        runID: String, attempt: Int64, delayMilliseconds: Int, failed: Bool, error: String?, manifest: String? = nil)
    /// An empty id before the upload is begun: whatever comes of that can then be found by its key.
    case recordUpload(runID: String, attempt: Int64, bucket: String, key: String, uploadID: String)
    /// The upload was begun and its id recorded: there is no other of this key.
    case settleUpload(runID: String, attempt: Int64, bucket: String, key: String)
}

extension RunWrite {
    var runID: String {
        switch self {
        case .manifest(let runID, _, _, _), .end(let runID, _, _, _, _, _, _, _, _),
            .requeue(let runID, _, _, _, _, _), .recordUpload(let runID, _, _, _, _),
            .settleUpload(let runID, _, _, _):
            runID
        }
    }
}

/// What became of a write.
public enum RunWriteResult: Sendable, Equatable {
    case done
    /// Ended, and its event waits in the outbox under this id.
    case ended(outboxID: Int64)
    /// The run is being cancelled: too early for its manifest.
    case cancelled
    /// The attempt is no longer the run's: somebody else has it, or it has ended.
    case fenced
}

/// The workers' view of live runs.
public struct RunStore {
    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// Which queued runs to claim.
    public enum Selection: Sendable {
        case offered([String])
        case oldest(limit: Int)
        case expired(limit: Int)
    }

    /// Claims runs, in one round trip for all selections. Runs that somebody else is claiming are passed over.
    public func claim(
        _ selections: [Selection], owner: String, leaseMilliseconds: Int, capabilities: [String]
    ) throws -> [ClaimedRun] {
        let common: [SQLValue] = [.text(owner), .int(Int64(leaseMilliseconds)), .textArray(capabilities)]
        let steps = selections.map { selection -> (SQLStatement, [SQLValue]) in
            switch selection {
            case .offered(let ids): (RunStatements.claimOffered, common + [.textArray(ids)])
            case .oldest(let limit): (RunStatements.claimOldest, common + [.int(Int64(limit))])
            case .expired(let limit): (RunStatements.claimExpired, common + [.int(Int64(limit))])
            }
        }
        return try connection.pipeline(steps, transaction: false).flatMap(Self.claimed)
    }

    /// Renews leases and reports progress.
    /// - Returns: the state and the event sequence of each run that this worker still owns, and whether its lease was
    ///   renewed: not where somebody is writing the run at this moment.
    public func renew(
        _ runs: [(runID: String, attempt: Int64, figures: RunFigures)], leaseMilliseconds: Int
    ) throws -> [String: (state: RunState, sequence: Int64, renewed: Bool)] {
        let rows = try connection.execute(
            RunStatements.renew,
            [
                .int(Int64(leaseMilliseconds)), .textArray(runs.map { $0.runID }), .intArray(runs.map { $0.attempt }),
                .intArray(runs.map { $0.figures.records }), .intArray(runs.map { $0.figures.bytesRead }),
                .intArray(runs.map { $0.figures.bytesWritten }),
            ])
        var owned: [String: (state: RunState, sequence: Int64, renewed: Bool)] = [:]
        for row in 0..<rows.count {
            guard let id = rows.text(row, 0), let state = RunState(rawValue: rows.text(row, 1) ?? "") else { continue }
            owned[id] = (state, rows.int(row, 2) ?? 0, rows.bool(row, 3) ?? false)
        }
        return owned
    }

    /// Makes writes of several attempts in one transaction.
    /// - Returns: a result for each, in their order.
    public func write(_ writes: [RunWrite]) throws -> [RunWriteResult] {
        let batch = RunWriteBatch(writes)
        let answers = try connection.pipeline(batch.steps, transaction: true)
        return batch.results(answers)
    }

    /// For each attempt whether nobody can want its uploads any more.
    public func attemptsOver(_ attempts: [(runID: String, attempt: Int64)]) throws -> [Bool] {
        let rows = try connection.execute(
            RunStatements.attemptsOver,
            [.textArray(attempts.map { $0.runID }), .intArray(attempts.map { $0.attempt })])
        return (0..<rows.count).map { rows.bool($0, 0) ?? false }
    }

    /// Uploads that nobody will complete, the oldest first.
    public func orphanUploads(
        olderThanMilliseconds age: Int64, limit: Int64
    ) throws -> [(bucket: String, key: String, uploadID: String)] {
        let rows = try connection.execute(RunStatements.orphanUploads, [.int(age), .int(limit)])
        return (0..<rows.count).map { (rows.text($0, 0) ?? "", rows.text($0, 1) ?? "", rows.text($0, 2) ?? "") }
    }

    public func forgetUploads(_ uploads: [(bucket: String, key: String, uploadID: String)]) throws {
        try change(uploads, by: RunStatements.forgetUploads)
    }

    /// Puts uploads back that could not be aborted, so that they do not stand in the way of others.
    public func postponeUploads(_ uploads: [(bucket: String, key: String, uploadID: String)]) throws {
        try change(uploads, by: RunStatements.postponeUploads)
    }

    private func change(
        _ uploads: [(bucket: String, key: String, uploadID: String)], by statement: SQLStatement
    ) throws {
        _ = try connection.execute(
            statement,
            [
                .textArray(uploads.map { $0.bucket }), .textArray(uploads.map { $0.key }),
                .textArray(uploads.map { $0.uploadID }),
            ])
    }

    private static func claimed(_ rows: SQLRows) -> [ClaimedRun] {
        (0..<rows.count).map { row in
            ClaimedRun(
                runID: rows.text(row, 0) ?? "", account: rows.text(row, 1) ?? "", flowUUID: rows.text(row, 2) ?? "",
                flowName: rows.text(row, 3) ?? "", revision: rows.int(row, 4) ?? 0,
                schemaVersion: rows.int(row, 5) ?? 1, state: RunState(rawValue: rows.text(row, 6) ?? "") ?? .inProgress,
                attempt: rows.int(row, 7) ?? 0, failures: Int(rows.int(row, 8) ?? 0),
                queuedAt: rows.int(row, 9) ?? 0, startedAt: rows.int(row, 10) ?? 0, manifest: rows.text(row, 11),
                lastError: rows.text(row, 12), definition: rows.text(row, 13))
        }
    }
}
