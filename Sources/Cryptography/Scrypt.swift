// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// Makes guessing expensive: scrypt (RFC 7914) with N = 16384, r = 8, p = 1. Each call takes 16 MiB and some tens of
/// milliseconds.
public enum Scrypt {
    private static let cost: UInt64 = 1 << 14
    private static let blockSize: UInt64 = 8
    private static let parallelization: UInt64 = 1

    /// `length` bytes that follow from password and salt; nil when there is no memory for it.
    public static func derive(password: [UInt8], salt: [UInt8], length: Int) -> [UInt8]? {
        derive(
            password: password, salt: salt, cost: cost, blockSize: blockSize, parallelization: parallelization,
            length: length)
    }

    static func derive(
        password: [UInt8], salt: [UInt8], cost: UInt64, blockSize: UInt64, parallelization: UInt64, length: Int
    ) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: length)
        let done = password.withUnsafeBytes { password in
            // Without a password OpenSSL only checks the parameters, so an empty one needs a place, too.
            let start = password.baseAddress?.assumingMemoryBound(to: CChar.self)
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1) { empty in
                empty.initialize(repeating: 0)
                return EVP_PBE_scrypt(
                    start ?? UnsafePointer(empty.baseAddress), password.count, salt, salt.count, cost, blockSize,
                    parallelization, 0, &output, length)
            }
        }
        return done == 1 ? output : nil
    }
}
