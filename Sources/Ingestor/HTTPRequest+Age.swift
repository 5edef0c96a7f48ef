// SPDX-License-Identifier: Apache-2.0
import HTTPServer
import Threading

extension HTTPRequest {
    /// Seconds since the request had come in whole.
    var secondsSinceReceived: Double { Double(MonotonicClock.nanoseconds - receivedAt) / 1e9 }
}
