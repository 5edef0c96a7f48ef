// SPDX-License-Identifier: Apache-2.0
public import Records

/// One run of a plan: takes the bytes of its inputs, gives the bytes of its outputs. For one thread; copies share their
/// state. Memory is bounded by the parser's window (256 KiB, or the longest record) and by the output nobody took yet.
///
/// After an error every further call throws it again.
public struct Transfer {
    private let engine: TransferEngine

    public init(plan: TransferPlan) { self.init(plan: plan, limits: ParserLimits()) }

    /// - Parameter limits: bounds for the parser, for tests and for tight places.
    public init(plan: TransferPlan, limits: ParserLimits) {
        engine = TransferEngine(plan: plan, limits: limits)
    }

    /// Starts a file of the source. Columns are matched by name from file to file.
    ///
    /// - Parameter name: says in errors which input is meant.
    public mutating func beginInput(name: String) { engine.beginInput(name) }

    /// Takes the next bytes of the file. How the file is cut into chunks does not matter.
    public mutating func consume(_ chunk: UnsafeRawBufferPointer) throws(TransferError) { try engine.consume(chunk) }

    /// Takes the end of the file.
    public mutating func endInput() throws(TransferError) { try engine.endInput() }

    /// Ends the transfer; an input that is still open is ended first.
    public mutating func finish() throws(TransferError) { try engine.finish() }

    /// Says that the records from here on go to another file of an output: CSV writes its header anew, and may then
    /// have more columns. The output before belongs to the file before: take it first.
    ///
    /// - Parameter place: which of the plan's outputs, here as in what follows.
    public mutating func beginOutputFile(of place: Int = 0) { engine.outputs[place].writer.beginFile() }

    /// Bytes produced and not taken.
    public func outputCount(of place: Int = 0) -> Int { engine.outputs[place].buffer.count }

    /// A copy of the bytes produced and not taken.
    public func output(of place: Int = 0) -> [UInt8] { engine.outputs[place].buffer.withBytes { Array($0) } }

    /// The bytes produced and not taken: now they are.
    public mutating func takeOutput(of place: Int = 0) -> [UInt8] { engine.outputs[place].buffer.take() }

    /// Lets `body` use the bytes in place, then forgets them; if it throws, they stay.
    public mutating func drainOutput<E: Error>(
        of place: Int = 0, _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        let buffer = engine.outputs[place].buffer
        try buffer.withBytes(body)
        buffer.clear()
    }

    /// Why an output got no further while others go on: its format cannot hold the records. Of a single output such an
    /// error ends the transfer.
    public func outputFailure(of place: Int) -> TransferError? { engine.outputs[place].failure }

    /// Gives an output up: nothing more is written to it, what was not taken is gone.
    public mutating func closeOutput(_ place: Int) { engine.outputs[place].close() }

    public var counters: TransferCounters { engine.counters }
}
