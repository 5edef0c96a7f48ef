// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

/// The number of a dotted address.
func ipv4(_ text: String) throws -> UInt32 {
    var address = in_addr()
    try #require(inet_pton(AF_INET, text, &address) == 1)
    return UInt32(bigEndian: address.s_addr)
}

/// The sixteen bytes of an address.
func ipv6(_ text: String) throws -> [UInt8] {
    var address = in6_addr()
    try #require(inet_pton(AF_INET6, text, &address) == 1)
    return withUnsafeBytes(of: address) { Array($0) }
}
