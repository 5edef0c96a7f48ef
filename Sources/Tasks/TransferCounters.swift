// SPDX-License-Identifier: Apache-2.0

/// What a transfer has done so far.
public struct TransferCounters: Sendable, Equatable {
    /// Records of the input: data rows, objects.
    public var recordsRead = 0
    /// Records that a filter left out.
    public var recordsFiltered = 0
    /// To each output.
    public var recordsWritten = 0
    /// Bytes given to `consume`.
    public var bytesRead = 0
    /// Bytes produced for all outputs, taken or not.
    public var bytesWritten = 0

    public init() {}
}
