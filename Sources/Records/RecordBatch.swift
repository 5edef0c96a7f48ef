// SPDX-License-Identifier: Apache-2.0

/// A run of records as a matrix of cells over one arena of bytes. A view: valid only inside the call that hands it over,
/// on that thread.
@frozen
public struct RecordBatch {
    /// The arena that cells point into; readable for `arenaSlack` bytes beyond any cell.
    public let bytes: UnsafePointer<UInt8>
    /// Row-major: the cell of row r, column c is `cells[r * stride + c]`; cells past `schema.count` are absent.
    public let cells: UnsafePointer<Cell>
    public let rowCount: Int
    /// Cells from one row to the next; at least `schema.count`.
    public let stride: Int
    /// No record of the batch takes more bytes of input than this.
    public let maximumRecordLength: Int
    /// The columns known so far. A schema only ever grows while its parser lives: positions stay.
    public let schema: RecordSchema

    /// Bytes that may be read (not written) past the end of a cell, so that loops can copy whole words.
    public static var arenaSlack: Int { 64 }

    init(
        bytes: UnsafePointer<UInt8>, cells: UnsafePointer<Cell>, rowCount: Int, stride: Int, maximumRecordLength: Int,
        schema: RecordSchema
    ) {
        self.bytes = bytes
        self.cells = cells
        self.rowCount = rowCount
        self.stride = stride
        self.maximumRecordLength = maximumRecordLength
        self.schema = schema
    }
}
