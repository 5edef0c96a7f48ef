// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Which addresses requests on a user's behalf must not reach: link-local ones, where clouds answer with the machine's
/// credentials, the metadata services that live elsewhere, and what is no host at all. Private networks and loopback are
/// allowed: that is where self-hosted stores are.
enum AddressGuard {
    static func refuses(_ address: UnsafePointer<sockaddr>) -> Bool {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                refuses(ipv4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { refuses(ipv6: Array($0)) }
            }
        default:
            return true
        }
    }

    static func refuses(ipv4 address: UInt32) -> Bool {
        switch address {
        case 0xa9fe_0000...0xa9fe_ffff: true  // 169.254.0.0/16
        case 0x0000_0000...0x00ff_ffff: true  // 0.0.0.0/8, "this host"
        case 0xe000_0000...0xffff_ffff: true  // multicast, reserved, broadcast
        case 0x6464_64c8: true  // 100.100.100.200, Alibaba Cloud
        case 0xa83f_8110: true  // 168.63.129.16, Azure
        case 0xc000_00c0: true  // 192.0.0.192, Oracle Cloud
        default: false
        }
    }

    /// - Parameter address: sixteen bytes in network order.
    static func refuses(ipv6 address: [UInt8]) -> Bool {
        let embedded = address[12...].reduce(0) { $0 << 8 | UInt32($1) }
        let leading = address[..<12]
        if leading.elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])  // IPv4-mapped
            || leading.elementsEqual([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0])  // NAT64
        {
            return refuses(ipv4: embedded)
        }
        if leading.allSatisfy({ $0 == 0 }) { return embedded != 1 }  // unspecified and IPv4-compatible, but not ::1
        if address[0] == 0xfe && address[1] & 0xc0 == 0x80 { return true }  // fe80::/10
        if address[0] == 0xff { return true }  // multicast
        // 6to4 carries an IPv4 address behind its prefix.
        if address[0] == 0x20 && address[1] == 0x02 {
            return refuses(ipv4: address[2..<6].reduce(0) { $0 << 8 | UInt32($1) })
        }
        // fd00:ec2::254, EC2's metadata service.
        return address.elementsEqual([0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54])
    }
}
