// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Why a service of this machine could not be run; meant for the person who started it.
public struct LocalServiceError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// A program, or a user to run it as, is missing.
        case notInstalled
        /// A folder or file cannot be used.
        case fileSystem
        /// A program could not be started or ended with a failure.
        case failed
        case timeout
    }

    public let code: Code
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// For a call that has just set `errno`.
    static func fileSystem(_ what: String, errno number: Int32 = errno) -> LocalServiceError {
        LocalServiceError(.fileSystem, "\(what): \(String(cString: strerror(number)))")
    }
}
