// SPDX-License-Identifier: Apache-2.0
import Connectors
import FlowStore

/// Notes in the store which uploads an attempt opens, so that a sweeper finds those that nobody completes.
struct UploadRecords {
    let ledger: WriteLedger
    let handle: RunHandle

    /// Before an upload is begun whose id may be lost with the answer. Waits until that is written.
    func announce(_ bucket: String, _ key: String) throws(ObjectStoreError) {
        if ledger.perform(write(bucket, key, uploadID: "")) == .done { return }
        throw ObjectStoreError(.cancelled, "The upload cannot be recorded.")
    }

    /// Not waited for: the ledger keeps the order, so that it stands before the manifest does.
    func record(_ bucket: String, _ key: String, _ uploadID: String) {
        ledger.submit(write(bucket, key, uploadID: uploadID)) { _ in }
    }

    /// There is no upload of this key but the one that was recorded.
    func settle(_ bucket: String, _ key: String) {
        ledger.submit(
            .settleUpload(runID: handle.run.runID, attempt: handle.run.attempt, bucket: bucket, key: key)
        ) { _ in }
    }

    private func write(_ bucket: String, _ key: String, uploadID: String) -> RunWrite {
        .recordUpload(
            runID: handle.run.runID, attempt: handle.run.attempt, bucket: bucket, key: key, uploadID: uploadID)
    }
}
