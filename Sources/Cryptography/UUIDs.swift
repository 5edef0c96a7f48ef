// SPDX-License-Identifier: Apache-2.0

/// Universally unique identifiers (RFC 9562) as text, made without Foundation: thousands a second are wanted.
public enum UUIDs {
    /// A random identifier, version 4, in lower case.
    public static func v4() -> String {
        var generator = SystemRandomNumberGenerator()
        var high = generator.next() as UInt64
        var low = generator.next() as UInt64
        high = high & 0xffff_ffff_ffff_0fff | 0x4000
        low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        return text(high, low)
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        String(unsafeUninitializedCapacity: 36) { output in
            var position = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    output[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = nibble < 16 ? high : low
                output[position] = Hex.digit(UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (nibble & 15))) & 15)
                position += 1
            }
            return 36
        }
    }
}
