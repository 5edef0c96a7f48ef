// SPDX-License-Identifier: Apache-2.0

/// Unpredictable bytes of the kernel's generator.
public enum RandomBytes {
    /// `count` fresh random bytes, fit for keys and tokens.
    public static func make(_ count: Int) -> [UInt8] {
        // Swift's system generator is getrandom(2) on Linux.
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
