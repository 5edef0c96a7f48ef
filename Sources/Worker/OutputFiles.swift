// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import Records

/// One destination of a run while its output is staged. Used by one slot.
final class DestinationOutput {
    /// What all destinations share that take the same bytes, cut into files at the same places.
    struct Cut: Hashable {
        let fileType: S3Destination.FileType
        let aggregation: S3Destination.AggregationType
        /// Bytes after which a new file begins; nil for no such limit.
        let targetBytes: Int64?

        init(_ destination: S3Destination) {
            fileType = destination.fileType
            aggregation = destination.aggregationType
            targetBytes = destination.targetFileSize.map { Int64($0) * 1_000_000 }
        }

        var format: OutputFormat { fileType == .csv ? .csv : .jsonLines }
    }

    let cut: Cut
    let naming: OutputNaming
    var stager: OutputStager
    /// Why it failed, for good and alone; what was staged for it is thrown away then.
    var failure: String?

    init(cut: Cut, naming: OutputNaming, stager: OutputStager) {
        self.cut = cut
        self.naming = naming
        self.stager = stager
    }
}

/// The files of one output of a transfer, at each of the destinations that take it. Used by one slot.
final class OutputFiles {
    /// Which of the transfer's outputs.
    let place: Int
    let cut: DestinationOutput.Cut
    let destinations: [DestinationOutput]
    /// Whether names are to count files.
    var hasSeveral = false
    /// Of the file that is open, or is the next to be.
    private var number = 1

    init(place: Int, cut: DestinationOutput.Cut, destinations: [DestinationOutput]) {
        self.place = place
        self.cut = cut
        self.destinations = destinations
    }

    /// Whether every destination has failed.
    var isOver: Bool { destinations.allSatisfy { $0.failure != nil } }

    /// Whether each object of the source becomes a file of its own.
    var followsInputs: Bool { cut.aggregation == .none && cut.targetBytes == nil }

    private var bytes: Int64 { destinations.first { $0.failure == nil }?.stager.currentFileBytes ?? 0 }

    /// Whether the open file has all the bytes it should have.
    var isFull: Bool { cut.targetBytes.map { bytes >= $0 } ?? false }

    func key(_ naming: OutputNaming) -> String { hasSeveral ? naming.numbered(number) : naming.single }

    /// Runs `close` on the destinations; the next bytes begin another file.
    func next(_ close: () throws -> Void) throws {
        let isOpen = bytes > 0
        try close()
        if isOpen { number += 1 }
    }
}
