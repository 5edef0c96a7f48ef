// SPDX-License-Identifier: Apache-2.0

/// The formats that records are written in.
public enum OutputFormat: Sendable, Equatable {
    case jsonLines
    case csv
}

/// Turns records into bytes. Used by one thread at a time.
public protocol RecordWriter: AnyObject {
    /// The fields of the records that follow. A format that names its fields once, ahead of all records, may refuse to
    /// change them.
    func setFields(_ fields: [OutputField]) throws(RecordError)

    /// Starts a new file: what a file has only once is written again before its first record.
    func beginFile()

    /// Appends rows of a batch.
    ///
    /// - Parameter rows: row numbers of the batch, in the order in which they are to be written.
    func write(_ batch: RecordBatch, rows: UnsafeBufferPointer<UInt32>, into output: OutputBuffer)
        throws(RecordError)
}
