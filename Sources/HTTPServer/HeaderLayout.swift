// SPDX-License-Identifier: Apache-2.0
import CMicrohttpd

/// Looks for request heads that are not written the one regular way: single spaces within the request line and CRLF at
/// the end of each line. The library also takes a bare LF (0.9.75 even a bare CR) as the end of a line, folds
/// continuation lines, skips spaces and cuts everything at NUL; a proxy in front may see one header where we see two.
///
/// The library does not tell, but its layout does: it parses in place, so the parts of a regular head lie in its buffer
/// at fixed distances. This holds for the 0.9 releases; newer ones have a strict parser of their own, which `shim.h` asks
/// for, and there nothing is checked. Addresses are compared, never read.
enum HeaderLayout {
    static let isKnown = String(cString: MHD_get_version()).hasPrefix("0.9.")

    /// - Parameters:
    ///   - headSize: bytes from the method to the end of the empty line.
    ///   - target: where the request target lay.
    static func isRegular(
        headSize: Int, method: UnsafeBufferPointer<UInt8>, target: Range<UInt>, version: UnsafeBufferPointer<UInt8>,
        headers: [RawHeader]
    ) -> Bool {
        guard isKnown else { return true }
        let space: UInt = 1
        let lineEnd: UInt = 2
        guard target.lowerBound == end(method) + space, start(version) == target.upperBound + space else {
            return false
        }
        var lastEnd = end(version)
        for header in headers {
            guard start(header.name) == lastEnd + lineEnd, start(header.value) > end(header.name) else { return false }
            lastEnd = end(header.value)
        }
        return lastEnd + lineEnd + lineEnd == start(method) + UInt(headSize)
    }

    private static func start(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt { UInt(bitPattern: bytes.baseAddress) }

    private static func end(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt { start(bytes) + UInt(bytes.count) }
}
