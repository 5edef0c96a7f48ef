// SPDX-License-Identifier: Apache-2.0
import Foundation

enum SigV4TestClock {
    /// Seconds since 1970.
    static var now: Int { Int(Date().timeIntervalSince1970) }

    /// Whether the server that the tests were given verifies signatures; moto's does not.
    static let serverChecksKeys = ProcessInfo.processInfo.environment["MILLRACE_TEST_S3_CHECKS_KEYS"] == "1"
}
