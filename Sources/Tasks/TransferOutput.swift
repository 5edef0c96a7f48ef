// SPDX-License-Identifier: Apache-2.0
internal import Records

/// One of a transfer's outputs: its writer, and what it has written that nobody took yet. One thread.
final class TransferOutput {
    let buffer = OutputBuffer()
    let writer: any RecordWriter
    /// Why nothing more is written here while other outputs go on.
    private(set) var failure: TransferError?
    private(set) var isOpen = true

    init(_ format: OutputFormat) {
        switch format {
        case .csv: writer = CSVWriter()
        case .jsonLines: writer = JSONLinesWriter()
        }
    }

    /// Writes nothing more, and forgets what nobody took.
    func close(failing failure: TransferError? = nil) {
        if !isOpen { return }
        isOpen = false
        self.failure = failure
        buffer.clear()
    }
}
