// SPDX-License-Identifier: Apache-2.0
import Connectors
import FlowDomain
import FlowStore
import Tasks

/// What an attempt came to: a value, decided in one place and acted upon in another.
enum AttemptResult: Sendable, Equatable {
    /// With the results of several destinations, where they are known one by one.
    case end(RunState, RunFigures, message: String, destinations: [DestinationResult] = [])
    /// It failed in a way that another attempt may not. With a manifest where output was being completed for several
    /// destinations: how far it came.
    case retry(reason: String, manifest: OutputManifest? = nil)
    /// The worker shuts down: somebody else may go on.
    case giveBack
    /// The run is no longer ours; nothing may be written.
    case lost
}

/// Which end of a flow an error came from.
enum FlowEnd: String, Sendable {
    case source = "Source"
    case destination = "Destination"
}

/// Ends an attempt from deep inside.
struct AttemptFailure: Error {
    let result: AttemptResult

    /// An error of an object store, in the words AppFlow uses for a failing service.
    init(_ error: ObjectStoreError, at end: FlowEnd) {
        let text =
            "The request failed because the service \(end.rawValue) S3 returned the following error: "
            + "Details: \(error.message), ErrorCode: \(error.code.rawValue)."
        // A disk that is full may have room again, or another worker's has; an object that changed is listed anew.
        let mayPass = error.isRetriable || error.code == .outOfSpace || error.code == .preconditionFailed
        result = mayPass ? .retry(reason: text) : .end(.error, RunFigures(), message: text)
    }

    init(_ error: TransferError) {
        result = .end(.error, RunFigures(), message: "The source data cannot be read: \(error)")
    }

    init(permanent message: String) { result = .end(.error, RunFigures(), message: message) }

    init(_ result: AttemptResult) { self.result = result }

    /// What is said of this failure where no other attempt will mend it: it cannot pass, or none is allowed after this
    /// one. Nil where another attempt may.
    func finalMessage(for run: ClaimedRun, _ attempts: AttemptPolicy) -> String? {
        switch result {
        case .end(.error, _, let message, _): message
        case .retry(let reason, _): attempts.finalMessage(failures: run.failures + 1, reason: reason)
        default: nil
        }
    }
}
