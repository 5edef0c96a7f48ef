// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FlowStore

/// What a slot does next. Between the two the manifest is being stored, and no slot waits for that: the more runs are
/// under way, the more of their writes share a transaction.
enum SlotWork: Sendable {
    /// Read, transform, stage.
    case execute(RunHandle)
    /// Make the staged output visible, or throw it away.
    case publish(StagedRun)
}

/// A run whose output is staged and whose manifest was offered to the store.
struct StagedRun: Sendable {
    let handle: RunHandle
    let manifest: OutputManifest
    /// What became of the manifest.
    let stored: RunWriteResult
    /// When the attempt began, in monotonic nanoseconds.
    let began: Int
}
