// SPDX-License-Identifier: Apache-2.0

/// Why a text is not JSON. Says where and what was wrong, never what the text contained.
public struct JSONParseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Bytes from the start of the text.
    public let offset: Int
    public let reason: String

    public init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    public var description: String { "\(reason) at byte \(offset)" }
}
