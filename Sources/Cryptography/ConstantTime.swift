// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// Comparisons whose duration says nothing about where two secrets differ.
public enum ConstantTime {
    /// Whether both hold the same bytes. Only their lengths may show in the time it takes.
    public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Whether both hold the same UTF-8 bytes. Only their lengths may show in the time it takes.
    public static func equal(_ left: String, _ right: String) -> Bool { equal(Array(left.utf8), Array(right.utf8)) }
}
