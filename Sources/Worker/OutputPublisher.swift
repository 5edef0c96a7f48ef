// SPDX-License-Identifier: Apache-2.0
import Connectors
import FlowDomain

/// Makes staged output visible, file after file. Doing it again, or while another attempt does it, changes nothing.
///
/// Where there are several destinations, one that fails does not keep the others from theirs; another attempt goes on
/// with what is left.
struct OutputPublisher {
    let store: any ObjectStore
    let handle: RunHandle
    let attempts: AttemptPolicy

    func complete(_ staged: OutputManifest) -> AttemptResult {
        var manifest = staged
        /// Why destinations wait for another attempt.
        var waiting: [Int: AttemptFailure] = [:]
        for (place, file) in staged.files.enumerated()
        where manifest.awaitsCompletion(place) && waiting[file.destination] == nil {
            if handle.isStale { return .lost }
            do throws(ObjectStoreError) {
                try store.completeUpload(
                    bucket: file.bucket, key: file.key, uploadID: file.uploadID,
                    parts: file.parts.map { (number: $0.number, etag: $0.etag) })
                manifest.setComplete(place)
            } catch {
                if error.code == .cancelled { return .lost }
                let failure = AttemptFailure(error, at: .destination)
                if staged.destinations.isEmpty { return failure.result }
                if let message = failure.finalMessage(for: handle.run, attempts) {
                    manifest.fail(destination: file.destination, message)
                } else {
                    waiting[file.destination] = failure
                }
            }
        }
        if let first = waiting.min(by: { $0.key < $1.key }), case .retry(let reason, _) = first.value.result {
            return .retry(reason: reason, manifest: manifest)
        }
        let end = manifest.end
        return .end(end.state, end.figures, message: end.message, destinations: manifest.destinations)
    }
}
