// SPDX-License-Identifier: Apache-2.0

/// Why a server could not start.
public struct HTTPServerError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// The address is none, or the port out of range.
        case invalidAddress
        /// A setting is out of its range.
        case invalidConfiguration
        /// The address is taken or not ours; `description` has the system's reason.
        case cannotListen
        /// The library refused, for lack of threads, descriptors or memory.
        case cannotStart
        /// The server was started before; it starts once.
        case alreadyStarted
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
