// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// Keys and secrets that have done their work.
public enum SecretBytes {
    /// Overwrites bytes where they lie, and forgets them. Of an array that is shared a copy would be overwritten: only
    /// the one who holds it alone can wipe it.
    public static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
        bytes = []
    }
}
