// SPDX-License-Identifier: Apache-2.0

/// One SQL command with parameters `$1`, `$2`, … that each connection prepares at its first use.
public struct SQLStatement: Sendable {
    /// Unique in the process, at most 63 bytes.
    public let name: String
    public let text: String

    public init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
    }
}
