// SPDX-License-Identifier: Apache-2.0

/// The formats that records are read in.
public enum InputFormat: Sendable, Equatable {
    case csv
    case jsonLines
}

/// Limits that bound a parser's memory whatever it is fed.
public struct ParserLimits: Sendable, Equatable {
    /// Input that is gathered before records are cut from it, in bytes.
    public var windowBytes: Int
    /// The longest record, in bytes of input without its line end.
    public var maximumRecordBytes: Int
    /// The most columns that all inputs of a run may have together.
    public var maximumColumns: Int

    public init(windowBytes: Int = 256 << 10, maximumRecordBytes: Int = 16 << 20, maximumColumns: Int = 4096) {
        self.windowBytes = max(64, windowBytes)
        self.maximumRecordBytes = min(max(1, maximumRecordBytes), 128 << 20)
        self.maximumColumns = max(1, maximumColumns)
    }
}

/// Turns bytes that arrive in chunks of any size into record batches. How the input is cut into chunks never changes
/// what comes out. Used by one thread at a time; after an error only for `beginInput`.
public protocol RecordParser: AnyObject {
    /// Takes the bytes of a new file; columns of earlier files keep their positions.
    func beginInput()

    /// Takes the next bytes and hands over the batches they complete.
    func consume(
        _ chunk: UnsafeRawBufferPointer, _ emit: (RecordBatch) throws(RecordError) -> Void
    ) throws(RecordError)

    /// Takes the end of the file and hands over what is left.
    func finishInput(_ emit: (RecordBatch) throws(RecordError) -> Void) throws(RecordError)
}
