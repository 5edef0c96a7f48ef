// SPDX-License-Identifier: Apache-2.0

/// Numbers that look random and are the same in every run (xorshift64; the state is never 0).
struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
