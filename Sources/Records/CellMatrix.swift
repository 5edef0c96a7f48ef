// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The cells of the batch under construction. Its stride has head-room, so that a column that turns up in the middle of
/// a batch rarely moves what is there. Owns its memory; one thread.
final class CellMatrix {
    private(set) var cells: UnsafeMutablePointer<Cell>
    private(set) var stride: Int
    private var capacity: Int
    /// Cells that a batch may have: bounds memory when short rows meet many columns.
    private static let maximumCells = 128 << 10

    init() {
        stride = 16
        capacity = 4096
        cells = .allocate(capacity: capacity)
    }

    deinit { cells.deallocate() }

    /// Rows that a batch may have at this stride.
    var maximumRows: Int { max(1, Self.maximumCells / stride) }

    /// The cells of row `row`, all absent if `cleared`, else undefined. Rows are opened in order.
    @inline(__always)
    func openRow(_ row: Int, cleared: Bool) -> UnsafeMutablePointer<Cell> {
        if (row &+ 1) &* stride > capacity { grow(rows: row) }
        let first = cells + row &* stride
        if cleared { memset(first, 0, stride &* MemoryLayout<Cell>.stride) }
        return first
    }

    /// Makes room for `columns` in every row of the `rows` that are open.
    func widen(to columns: Int, rows: Int) {
        guard columns > stride else { return }
        var wider = stride
        while wider < columns { wider *= 2 }
        let needed = max(capacity, (rows + 1) * wider)
        let larger = UnsafeMutablePointer<Cell>.allocate(capacity: needed)
        for row in 0..<rows {
            memcpy(larger + row * wider, cells + row * stride, stride * MemoryLayout<Cell>.stride)
            memset(larger + row * wider + stride, 0, (wider - stride) * MemoryLayout<Cell>.stride)
        }
        cells.deallocate()
        cells = larger
        capacity = needed
        stride = wider
    }

    /// Narrows the stride to what `columns` need, while no row is open: fewer cells to clear for each row.
    func fit(_ columns: Int) {
        if columns > stride {
            widen(to: columns, rows: 0)
        } else {
            stride = max(1, columns)
        }
    }

    private func grow(rows: Int) {
        let needed = max(capacity * 2, (rows + 1) * stride)
        let larger = UnsafeMutablePointer<Cell>.allocate(capacity: needed)
        memcpy(larger, cells, rows * stride * MemoryLayout<Cell>.stride)
        cells.deallocate()
        cells = larger
        capacity = needed
    }
}
