// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Connectors
import FlowDomain
import FlowStore
import Records
import Tasks

/// The output of one attempt at all destinations of its flow, staged: nothing is visible before its manifest is stored.
/// Used by one slot.
///
/// Where there are several destinations, one that fails for good fails alone. What may pass ends the attempt, unless no
/// further one is allowed: then it counts as a failure for good.
final class StagedOutput {
    /// Output is handed on in pieces of this size.
    private static let pieceBytes = 1024 * 1024

    private let definitions: [DestinationDefinition]
    private let destinations: [DestinationOutput]
    /// One for each output of the transfer.
    private let outputs: [OutputFiles]
    private let handle: RunHandle
    private let store: any ObjectStore
    private let attempts: AttemptPolicy

    /// - Throws: `AttemptFailure` for destinations that this worker cannot write to.
    init(
        _ definition: FlowDefinition, handle: RunHandle, store: any ObjectStore, uploads: UploadRecords,
        attempts: AttemptPolicy
    ) throws {
        var destinations: [DestinationOutput] = []
        for (index, destination) in definition.destinations.enumerated() {
            guard let s3 = destination.s3 else { throw Self.unknown }
            let naming = OutputNaming(
                destination: s3, flowName: handle.run.flowName, executionID: handle.run.runID,
                schemaVersion: handle.run.schemaVersion, startedAt: handle.run.startedAt)
            destinations.append(
                DestinationOutput(
                    cut: DestinationOutput.Cut(s3), naming: naming,
                    stager: OutputStager(
                        store: store, bucket: s3.bucketName,
                        contentType: s3.fileType == .csv ? "text/csv" : "application/x-ndjson", uploads: uploads,
                        destination: index)))
        }
        if destinations.isEmpty { throw Self.unknown }
        try Self.checkPlaces(definition.destinations.compactMap(\.s3), destinations)
        var cuts: [DestinationOutput.Cut] = []
        for destination in destinations where !cuts.contains(destination.cut) { cuts.append(destination.cut) }
        outputs = cuts.enumerated().map { place, cut in
            OutputFiles(place: place, cut: cut, destinations: destinations.filter { $0.cut == cut })
        }
        definitions = definition.destinations
        self.destinations = destinations
        self.handle = handle
        self.store = store
        self.attempts = attempts
    }

    private static var unknown: AttemptFailure {
        AttemptFailure(permanent: "This version cannot run flows between these connectors.")
    }

    /// A date folder may be called like another destination's prefix: CreateFlow cannot know that.
    private static func checkPlaces(_ definitions: [S3Destination], _ outputs: [DestinationOutput]) throws {
        var first: [String: Int] = [:]
        for (index, output) in outputs.enumerated() {
            let place = "s3://\(definitions[index].bucketName)/\(output.naming.folder)"
            if let earlier = first.updateValue(index, forKey: place) {
                throw AttemptFailure(
                    permanent:
                        "Destinations \(earlier + 1) and \(index + 1) of the flow write to the same place: \(place)")
            }
        }
    }

    /// The outputs that a transfer is to have.
    var formats: [OutputFormat] { outputs.map(\.cut.format) }

    func figures(_ counters: TransferCounters) -> RunFigures {
        RunFigures(
            records: Int64(counters.recordsRead), bytesRead: Int64(counters.bytesRead),
            bytesWritten: destinations.reduce(0) { $0 + ($1.failure == nil ? $1.stager.bytesWritten : 0) })
    }

    /// Says, before the first record, whether the source has several objects.
    func begin(hasSeveralInputs: Bool) {
        for output in outputs {
            output.hasSeveral = output.cut.targetBytes != nil || (output.followsInputs && hasSeveralInputs)
        }
    }

    /// Says that another object of the source begins after one that was read.
    func beginFurtherInput(_ transfer: inout Transfer) throws {
        for output in outputs where output.followsInputs {
            try flush(output, &transfer, all: true)
            try closeFile(output, &transfer)
        }
    }

    /// Stages what the transfer has produced, once it is worth it.
    func flush(_ transfer: inout Transfer) throws {
        for output in outputs { try flush(output, &transfer, all: false) }
    }

    /// Stages all that is left, and ends the files.
    func finish(_ transfer: inout Transfer) throws {
        for output in outputs {
            try flush(output, &transfer, all: true)
            try closeFile(output, &transfer)
        }
    }

    /// What is staged: without files when no record came through.
    func manifest(_ counters: TransferCounters, message: String) -> OutputManifest {
        OutputManifest(
            files: destinations.flatMap(\.stager.files), destinations: results(records: Int64(counters.recordsWritten)),
            figures: figures(counters), message: message)
    }

    /// Throws away what is staged.
    func abort() {
        for destination in destinations { destination.stager.abort() }
    }

    private func flush(_ output: OutputFiles, _ transfer: inout Transfer, all: Bool) throws {
        if let failure = transfer.outputFailure(of: output.place) {
            for destination in output.destinations where destination.failure == nil {
                try drop(destination, "The records cannot be written: \(failure)")
            }
        }
        let count = transfer.outputCount(of: output.place)
        if count == 0 || (!all && count < Self.pieceBytes) { return }
        // The bytes at hand still belong to the file before: output ends with a whole record.
        let isFull = output.isFull
        let counters = transfer.counters
        try transfer.drainOutput(of: output.place) { bytes in
            try each(output, counters) { destination throws(ObjectStoreError) in
                try destination.stager.append(bytes, key: output.key(destination.naming))
            }
        }
        if output.isOver { transfer.closeOutput(output.place) }
        handle.report(figures(counters))
        if isFull { try closeFile(output, &transfer) }
    }

    /// The next record begins another file.
    private func closeFile(_ output: OutputFiles, _ transfer: inout Transfer) throws {
        let counters = transfer.counters
        try output.next {
            try each(output, counters) { destination throws(ObjectStoreError) in try destination.stager.closeFile() }
        }
        transfer.beginOutputFile(of: output.place)
    }

    private func each(
        _ output: OutputFiles, _ counters: TransferCounters,
        _ body: (DestinationOutput) throws(ObjectStoreError) -> Void
    ) throws {
        for destination in output.destinations where destination.failure == nil {
            do throws(ObjectStoreError) {
                try body(destination)
            } catch {
                try fail(destination, error, counters)
            }
        }
    }

    private func fail(_ destination: DestinationOutput, _ error: ObjectStoreError, _ counters: TransferCounters) throws
    {
        // The store was told to stop. Where the reason has passed since (a lease that could be renewed after all), the
        // work is unfinished all the same.
        if error.code == .cancelled {
            throw AttemptFailure(handle.interruption(figures(counters)) ?? .giveBack)
        }
        let failure = AttemptFailure(error, at: .destination)
        guard destinations.count > 1, let message = failure.finalMessage(for: handle.run, attempts) else {
            throw failure
        }
        try drop(destination, message)
    }

    private func drop(_ destination: DestinationOutput, _ message: String) throws {
        destination.failure = message
        let results = results(records: 0)
        if results.allFailed {
            throw AttemptFailure(
                .end(.error, RunFigures(), message: results.failureMessage ?? message, destinations: results))
        }
        let isCancelled = store.isCancelled
        store.isCancelled = handle.briefly()
        destination.stager.abort()
        store.isCancelled = isCancelled
    }

    private func results(records: Int64) -> [DestinationResult] {
        if destinations.count == 1 { return [] }
        return zip(definitions, destinations).map { definition, destination in
            var result = DestinationResult(definition, records: records)
            if let failure = destination.failure { result.fail(failure, putFailures: 1) }
            return result
        }
    }
}
