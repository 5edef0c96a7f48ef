// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Numbers as text, compared without rounding where both are integers or plain decimals, as doubles where one has an
/// exponent. Blanks around a number do not matter.
struct DecimalText: Sendable {
    /// `digits × 10^-scale`, exactly; at most 18 digits, so that comparisons stay in 64 bits.
    struct Small: Equatable, Sendable {
        var digits: Int64
        var scale: Int
    }

    private let bytes: [UInt8]
    private let small: Small?

    /// Nil: the text is not a number.
    init?(_ text: String) {
        bytes = Array(text.utf8)
        guard bytes.withUnsafeBufferPointer({ Parts($0) }) != nil else { return nil }
        small = bytes.withUnsafeBufferPointer { all in all.baseAddress.flatMap { Self.small($0, all.count) } }
    }

    /// -1, 0 or 1 as the number at `p` is below, equal to or above `literal`; nil: it is not a number.
    @inline(__always)
    static func order(_ p: UnsafePointer<UInt8>, _ count: Int, _ literal: UnsafePointer<DecimalText>) -> Int? {
        if let mine = literal.pointee.small, let other = small(p, count) { return order(other, mine) }
        return literal.pointee.slowOrder(of: p, count)
    }

    @inline(__always)
    private static func order(_ a: Small, _ b: Small) -> Int {
        var left = a.digits
        var right = b.digits
        // Fewer than 18 digits: what overflows is beyond the other side, whatever that is.
        if a.scale < b.scale {
            let (product, overflow) = left.multipliedReportingOverflow(by: power(b.scale &- a.scale))
            if overflow { return left < 0 ? -1 : 1 }
            left = product
        } else if a.scale > b.scale {
            let (product, overflow) = right.multipliedReportingOverflow(by: power(a.scale &- b.scale))
            if overflow { return right < 0 ? 1 : -1 }
            right = product
        }
        return left < right ? -1 : (left == right ? 0 : 1)
    }

    @inline(__always)
    private static func power(_ exponent: Int) -> Int64 {
        var result: Int64 = 1
        var left = exponent
        while left > 0 {
            result &*= 10
            left &-= 1
        }
        return result
    }

    /// A plain decimal of up to 18 digits without blanks; nil: something else.
    @inline(__always)
    private static func small(_ p: UnsafePointer<UInt8>, _ count: Int) -> Small? {
        var i = 0
        var negative = false
        if count > 0, p[0] == 0x2D || p[0] == 0x2B {
            negative = p[0] == 0x2D
            i = 1
        }
        guard count &- i <= 19 else { return nil }
        var digits: Int64 = 0
        var seen = 0
        var point = -1
        while i < count {
            let digit = p[i] &- 0x30
            if digit < 10 {
                digits = digits &* 10 &+ Int64(digit)
                seen &+= 1
            } else if p[i] == 0x2E, point < 0 {
                point = seen
            } else {
                return nil
            }
            i &+= 1
        }
        guard seen > 0, seen <= 18 else { return nil }
        return Small(digits: negative ? 0 &- digits : digits, scale: point < 0 ? 0 : seen &- point)
    }

    @inline(never)
    private func slowOrder(of p: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        guard let a = Parts(UnsafeBufferPointer(start: p, count: count)) else { return nil }
        return bytes.withUnsafeBufferPointer { mine in
            guard let b = Parts(mine) else { return nil }
            return a.order(b)
        }
    }

    /// The parts of a number's text.
    private struct Parts {
        var isNegative = false
        /// Without leading zeroes.
        var whole: Slice<UnsafeBufferPointer<UInt8>>
        /// Without trailing zeroes.
        var fraction: Slice<UnsafeBufferPointer<UInt8>>
        var hasExponent = false
        let text: Slice<UnsafeBufferPointer<UInt8>>

        init?(_ all: UnsafeBufferPointer<UInt8>) {
            var text = all[...]
            while let last = text.last, last == 0x20 || last == 0x09 { text = text.dropLast() }
            text = text.drop { $0 == 0x20 || $0 == 0x09 }
            self.text = text
            var rest = text
            if rest.first == 0x2D || rest.first == 0x2B {
                isNegative = rest.first == 0x2D
                rest = rest.dropFirst()
            }
            whole = rest.prefix { $0 &- 0x30 < 10 }
            rest = rest[whole.endIndex...]
            fraction = rest.prefix(0)
            if rest.first == 0x2E {
                fraction = rest.dropFirst().prefix { $0 &- 0x30 < 10 }
                rest = rest[fraction.endIndex...]
            }
            if whole.isEmpty, fraction.isEmpty { return nil }
            if let e = rest.first, e | 0x20 == 0x65 {
                rest = rest.dropFirst()
                if rest.first == 0x2D || rest.first == 0x2B { rest = rest.dropFirst() }
                let exponent = rest.prefix { $0 &- 0x30 < 10 }
                if exponent.isEmpty { return nil }
                rest = rest[exponent.endIndex...]
                hasExponent = true
            }
            if !rest.isEmpty { return nil }
            whole = whole.drop { $0 == 0x30 }
            while fraction.last == 0x30 { fraction = fraction.dropLast() }
        }

        var isZero: Bool { whole.isEmpty && fraction.isEmpty }

        func order(_ other: Parts) -> Int {
            if hasExponent || other.hasExponent {
                let (a, b) = (double, other.double)
                return a < b ? -1 : (a == b ? 0 : 1)
            }
            if isZero || other.isZero {
                if isZero && other.isZero { return 0 }
                if isZero { return other.isNegative ? 1 : -1 }
                return isNegative ? -1 : 1
            }
            if isNegative != other.isNegative { return isNegative ? -1 : 1 }
            let magnitude = orderOfMagnitude(other)
            return isNegative ? -magnitude : magnitude
        }

        private func orderOfMagnitude(_ other: Parts) -> Int {
            if whole.count != other.whole.count { return whole.count < other.whole.count ? -1 : 1 }
            // Digits without leading, or trailing, zeroes: the order of the text is the order of the numbers.
            if !whole.elementsEqual(other.whole) { return whole.lexicographicallyPrecedes(other.whole) ? -1 : 1 }
            if fraction.elementsEqual(other.fraction) { return 0 }
            return fraction.lexicographicallyPrecedes(other.fraction) ? -1 : 1
        }

        private var double: Double {
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { buffer in
                for (offset, byte) in text.enumerated() { buffer[offset] = CChar(bitPattern: byte) }
                buffer[text.count] = 0
                return buffer.baseAddress.map { strtod($0, nil) } ?? 0
            }
        }
    }
}
