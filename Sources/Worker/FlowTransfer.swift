// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Connectors
import FlowDomain
import FlowStore
import Records
import Tasks

/// Moves the records of one run: every object under the source's prefix, through the tasks, into staged output.
struct FlowTransfer {
    /// Output is handed on in pieces of this size.
    private static let outputBytes = 1024 * 1024

    private let handle: RunHandle
    private let reader: any ObjectStore
    private let naming: OutputNaming
    private let bucket: String
    private let prefix: String
    private let aggregation: S3Destination.AggregationType
    private let targetBytes: Int64?
    private var transfer: Transfer
    private(set) var stager: OutputStager

    private var inputs = 0
    private var fileNumber = 0
    private var hasSeveralFiles = false

    /// - Throws: `AttemptFailure` for a definition that this worker cannot run.
    init(
        definition: FlowDefinition, handle: RunHandle, reader: any ObjectStore, writer: any ObjectStore,
        uploads: UploadRecords
    ) throws {
        guard case .s3(let bucket, let prefix, let inputType) = definition.source.properties,
            let destination = definition.destinations.first?.s3
        else { throw AttemptFailure(permanent: "This version cannot run flows between these connectors.") }
        self.handle = handle
        self.reader = reader
        self.bucket = bucket
        self.prefix = String(prefix.drop { $0 == "/" })
        naming = OutputNaming(
            destination: destination, flowName: handle.run.flowName, executionID: handle.run.runID,
            schemaVersion: handle.run.schemaVersion, startedAt: handle.run.startedAt)
        aggregation = destination.aggregationType
        targetBytes = destination.targetFileSize.map { Int64($0) * 1_000_000 }
        let isCSV = destination.fileType == .csv
        do {
            let plan = try TransferPlan(
                tasks: definition.tasks, input: inputType == .csv ? .csv : .jsonLines,
                output: isCSV ? .csv : .jsonLines)
            transfer = Transfer(plan: plan)
        } catch {
            throw AttemptFailure(permanent: "The flow's tasks cannot be run: \(error)")
        }
        stager = OutputStager(
            store: writer, bucket: destination.bucketName,
            contentType: isCSV ? "text/csv" : "application/x-ndjson", uploads: uploads)
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
                throw failure(error, at: .source)
            }
            // Folders' own keys and empty objects hold no records.
            let objects = page.objects.filter { $0.size > 0 }
            if isFirstPage {
                hasSeveralFiles =
                    targetBytes != nil || (aggregation == .none && (objects.count > 1 || page.next != nil))
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
        try flush(all: true)
        try closeFile()
        return OutputManifest(files: stager.files, figures: figures, message: message)
    }

    /// Throws away what is staged.
    mutating func abort() { stager.abort() }

    var figures: RunFigures {
        RunFigures(
            records: Int64(transfer.counters.recordsRead), bytesRead: Int64(transfer.counters.bytesRead),
            bytesWritten: stager.bytesWritten)
    }

    private var message: String {
        if inputs == 0 {
            return "\(RunRecord.plainSuccess): there are no objects with data under s3://\(bucket)/\(prefix)"
        }
        return RunRecord.plainSuccess
    }

    private mutating func read(_ object: ObjectSummary) throws {
        try checkpoint()
        if aggregation == .none && targetBytes == nil && inputs > 0 {
            try flush(all: true)
            try closeFile()
        }
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
                try flush(all: false)
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
            throw failure(error, at: .source)
        } catch let error as TransferError {
            throw AttemptFailure(error)
        }
        handle.report(figures)
    }

    private mutating func flush(all: Bool) throws {
        if transfer.outputCount == 0 || (!all && transfer.outputCount < Self.outputBytes) { return }
        if let targetBytes, stager.currentFileBytes >= targetBytes {
            // The bytes at hand still belong to the file before: output ends with a whole record.
            try drain()
            try closeFile()
            return
        }
        try drain()
    }

    private mutating func drain() throws {
        if fileNumber == 0 { fileNumber = 1 }
        let key = hasSeveralFiles ? naming.numbered(fileNumber) : naming.single
        do {
            try transfer.drainOutput { (bytes) throws(ObjectStoreError) in try stager.append(bytes, key: key) }
        } catch {
            throw failure(error, at: .destination)
        }
        handle.report(figures)
    }

    /// The next record begins another file.
    private mutating func closeFile() throws {
        let before = stager.files.count
        do {
            try stager.closeFile()
        } catch {
            throw failure(error, at: .destination)
        }
        if stager.files.count > before { fileNumber += 1 }
        transfer.beginOutputFile()
    }

    private func checkpoint() throws {
        if let result = interruption { throw AttemptFailure(result) }
    }

    private var interruption: AttemptResult? {
        if handle.isStale { return .lost }
        if handle.isCancelled { return .end(.canceled, figures, message: RunConclusion.canceledMessage) }
        if handle.isYielding { return .giveBack }
        return nil
    }

    private func failure(_ error: ObjectStoreError, at end: FlowEnd) -> AttemptFailure {
        // The store was told to stop. Where the reason has passed since (a lease that could be renewed after all), the
        // work is unfinished all the same.
        if error.code == .cancelled { return AttemptFailure(interruption ?? .giveBack) }
        return AttemptFailure(error, at: end)
    }
}
