// SPDX-License-Identifier: Apache-2.0
internal import Records

/// What a `Transfer` is made of: parser, filters, outputs. One thread.
final class TransferEngine {
    let outputs: [TransferOutput]
    private(set) var counters = TransferCounters()

    private let plan: TransferPlan
    private let parser: any RecordParser
    private let scratch = ScratchText()
    private var rows: UnsafeMutableBufferPointer<UInt32>
    private var input: String?
    private var inputIsOpen = false
    private var failure: TransferError?
    /// The schema that `filterColumns` are positions in.
    private var knownColumns = -1
    private var filterColumns: [Int?] = []
    /// The schema that the writers' fields are positions in.
    private var writtenColumns = -1

    init(plan: TransferPlan, limits: ParserLimits) {
        self.plan = plan
        switch plan.input {
        case .csv: parser = CSVParser(selection: plan.selection, limits: limits)
        case .jsonLines: parser = JSONLinesParser(selection: plan.selection, limits: limits)
        }
        outputs = plan.outputs.map { TransferOutput($0) }
        rows = .allocate(capacity: 4096)
    }

    deinit { rows.deallocate() }

    func beginInput(_ name: String) {
        input = name
        inputIsOpen = true
        parser.beginInput()
    }

    func consume(_ chunk: UnsafeRawBufferPointer) throws(TransferError) {
        if let failure { throw failure }
        counters.bytesRead += chunk.count
        do {
            try parser.consume(chunk) { batch throws(RecordError) in try self.process(batch) }
        } catch {
            throw fail(error)
        }
    }

    func endInput() throws(TransferError) {
        if let failure { throw failure }
        guard inputIsOpen else { return }
        inputIsOpen = false
        do {
            try parser.finishInput { batch throws(RecordError) in try self.process(batch) }
        } catch {
            throw fail(error)
        }
    }

    func finish() throws(TransferError) { try endInput() }

    private func fail(_ cause: RecordError) -> TransferError {
        let error = TransferError(cause, input: input)
        failure = error
        return error
    }

    private func process(_ batch: RecordBatch) throws(RecordError) {
        // A schema only grows: its size tells whether positions are still up to date.
        if batch.schema.count != knownColumns {
            filterColumns = plan.filters.map { batch.schema.position(of: $0.field) }
            knownColumns = batch.schema.count
        }
        counters.recordsRead += batch.rowCount
        if rows.count < batch.rowCount {
            rows.deallocate()
            rows = .allocate(capacity: batch.rowCount * 2)
        }
        let rows = self.rows
        for row in 0..<batch.rowCount { rows[row] = UInt32(truncatingIfNeeded: row) }
        var kept = batch.rowCount
        for (index, filter) in plan.filters.enumerated() {
            let candidates = UnsafeMutableBufferPointer(rebasing: rows[..<kept])
            kept = filter.apply(batch, column: filterColumns[index], rows: candidates, scratch: scratch)
        }
        counters.recordsFiltered += batch.rowCount - kept
        guard kept > 0, plan.writesRecords else { return }
        let fields = writtenColumns != batch.schema.count ? plan.fields(for: batch.schema) : nil
        for output in outputs where output.isOpen {
            do {
                if let fields { try output.writer.setFields(fields) }
                let before = output.buffer.count
                try output.writer.write(batch, rows: UnsafeBufferPointer(rebasing: rows[..<kept]), into: output.buffer)
                counters.bytesWritten += output.buffer.count - before
            } catch {
                // Only this format cannot hold what the others can.
                guard outputs.count > 1 else { throw error }
                output.close(failing: TransferError(error, input: input))
            }
        }
        writtenColumns = batch.schema.count
        counters.recordsWritten += kept
    }
}
