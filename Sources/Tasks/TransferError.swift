// SPDX-License-Identifier: Apache-2.0
public import Records

/// Why a transfer ended before its time: the fault, and the input it was found in. Never retriable: the same bytes fail
/// again. Shows no values.
public struct TransferError: Error, Sendable, Equatable, CustomStringConvertible {
    public let cause: RecordError
    /// The name given to `beginInput`; nil if no input had begun.
    public let input: String?

    public init(_ cause: RecordError, input: String?) {
        self.cause = cause
        self.input = input
    }

    public var description: String { input.map { "\($0): \(cause)" } ?? cause.description }
}
