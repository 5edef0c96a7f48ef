// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Connectors
import FlowDomain
import FlowStore
import Tasks

/// Moves the records of one run: every object under the source's prefix, through the tasks, into staged output. The
/// source is read once, however many destinations there are.
struct FlowTransfer {
    private let handle: RunHandle
    private let reader: any ObjectStore
    private let bucket: String
    private let prefix: String
    private let output: StagedOutput
    private var transfer: Transfer

    private var inputs = 0

    /// - Throws: `AttemptFailure` for a definition that this worker cannot run.
    init(definition: FlowDefinition, handle: RunHandle, reader: any ObjectStore, output: StagedOutput) throws {
        guard case .s3(let bucket, let prefix, let inputType) = definition.source.properties else {
            throw AttemptFailure(permanent: "This version cannot run flows between these connectors.")
        }
        self.handle = handle
        self.reader = reader
        self.bucket = bucket
        self.prefix = String(prefix.drop { $0 == "/" })
        self.output = output
        do {
            let plan = try TransferPlan(
                tasks: definition.tasks, input: inputType == .csv ? .csv : .jsonLines, outputs: output.formats)
            transfer = Transfer(plan: plan)
        } catch {
            throw AttemptFailure(permanent: "The flow's tasks cannot be run: \(error)")
        }
    }

    /// Reads all there is.
    /// - Returns: what is staged; without files when no record came through.
    /// - Throws: `AttemptFailure`.
    mutating func run() throws -> OutputManifest {
        var continuation: String?
        var isFirstPage = true
        repeat {
            let page: ObjectPage
            do {
                page = try reader.list(bucket: bucket, prefix: prefix, continuation: continuation)
            } catch {
                throw failure(error)
            }
            // Folders' own keys and empty objects hold no records.
            let objects = page.objects.filter { $0.size > 0 }
            if isFirstPage {
                output.begin(hasSeveralInputs: objects.count > 1 || page.next != nil)
                isFirstPage = false
            }
            for object in objects { try read(object) }
            continuation = page.next
        } while continuation != nil
        do throws(TransferError) {
            try transfer.finish()
        } catch {
            throw AttemptFailure(error)
        }
        try output.finish(&transfer)
        return output.manifest(transfer.counters, message: message)
    }

    private var figures: RunFigures { output.figures(transfer.counters) }

    private var message: String {
        if inputs == 0 {
            return "\(RunRecord.plainSuccess): there are no objects with data under s3://\(bucket)/\(prefix)"
        }
        return RunRecord.plainSuccess
    }

    private mutating func read(_ object: ObjectSummary) throws {
        try checkpoint()
        if inputs > 0 { try output.beginFurtherInput(&transfer) }
        inputs += 1
        let bytesBefore = transfer.counters.bytesRead
        transfer.beginInput(name: "s3://\(bucket)/\(object.key)")
        do {
            try reader.read(bucket: bucket, key: object.key, etag: object.etag, from: 0) { chunk in
                do throws(TransferError) {
                    try transfer.consume(chunk)
                } catch {
                    throw AttemptFailure(error)
                }
                try output.flush(&transfer)
                try checkpoint()
            }
            try transfer.endInput()
        } catch let error as ObjectStoreError where error.code == .noSuchKey {
            // Deleted since it was listed: what is gone has no records. Deleted while it was read: half of them are
            // staged already.
            guard transfer.counters.bytesRead == bytesBefore else {
                throw AttemptFailure(.retry(reason: "s3://\(bucket)/\(object.key) was deleted while it was read."))
            }
            inputs -= 1
        } catch let error as ObjectStoreError {
            throw failure(error)
        } catch let error as TransferError {
            throw AttemptFailure(error)
        }
        handle.report(figures)
    }

    private func checkpoint() throws {
        if let result = handle.interruption(figures) { throw AttemptFailure(result) }
    }

    private func failure(_ error: ObjectStoreError) -> AttemptFailure {
        if error.code == .cancelled { return AttemptFailure(handle.interruption(figures) ?? .giveBack) }
        return AttemptFailure(error, at: .source)
    }
}
