// SPDX-License-Identifier: Apache-2.0

/// A compiled regular expression of the service model, matched against a whole text.
///
/// The dialect is what the model uses, read as Java does without flags: `\w \d \s` are ASCII, `.` is anything but a line
/// terminator, `^` and `$` only stand at the ends, a negative look-ahead only at the start. Matching steps through the
/// text once with the set of positions that are alive (Glushkov's automaton in one machine word), so no text, however
/// hostile, takes more than linear time.
struct Pattern: Sendable {
    /// The expression as the model has it.
    let source: String
    private let body: Automaton
    /// Texts that must not be found at the start.
    private let refusedPrefixes: [Automaton]

    /// Nil if the expression uses what this dialect does not know, or needs more than 64 positions.
    init?(_ source: String) {
        var parser = PatternParser(source)
        guard let parsed = parser.parse() else { return nil }
        guard let body = Automaton(parsed.body) else { return nil }
        var refused: [Automaton] = []
        for node in parsed.refusedPrefixes {
            guard let automaton = Automaton(node) else { return nil }
            refused.append(automaton)
        }
        self.source = source
        self.body = body
        self.refusedPrefixes = refused
    }

    /// Whether the whole text matches.
    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            for refused in refusedPrefixes where refused.matchesPrefix(of: bytes) { return false }
            return body.matches(bytes)
        }
    }
}

/// Glushkov's automaton: one bit per place in the expression where a character is consumed.
private struct Automaton: Sendable {
    private let count: Int
    private let acceptsEmpty: Bool
    private let first: UInt64
    private let last: UInt64
    private let follow: [UInt64]
    /// For each ASCII character, the positions that consume it.
    private let ascii: [UInt64]
    private let classes: [CharacterClass]

    init?(_ node: PatternNode) {
        var builder = Builder()
        guard let part = builder.add(node) else { return nil }
        count = builder.classes.count
        acceptsEmpty = part.nullable
        first = part.first
        last = part.last
        follow = builder.follow
        classes = builder.classes
        var ascii = [UInt64](repeating: 0, count: 128)
        for (position, set) in builder.classes.enumerated() {
            for character in 0..<128 where set.contains(UInt32(character)) { ascii[character] |= 1 << position }
        }
        self.ascii = ascii
    }

    func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !bytes.isEmpty else { return acceptsEmpty }
        // Nearly every pattern of the model is one repeated class.
        if count == 1, follow[0] == 1 { return bytes.allSatisfy { $0 < 128 && ascii[Int($0)] != 0 } || walk(bytes) }
        return walk(bytes)
    }

    private func walk(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var place = 0
        var alive = first & consumers(bytes, &place)
        while place < bytes.count, alive != 0 {
            alive = successors(alive) & consumers(bytes, &place)
        }
        // Nothing is alive if the text was not read to its end.
        return alive & last != 0
    }

    func matchesPrefix(of bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if acceptsEmpty { return true }
        var place = 0
        var alive = first
        while place < bytes.count {
            alive &= consumers(bytes, &place)
            if alive == 0 { return false }
            if alive & last != 0 { return true }
            alive = successors(alive)
        }
        return false
    }

    @inline(__always)
    private func successors(_ alive: UInt64) -> UInt64 {
        var rest = alive
        var result: UInt64 = 0
        while rest != 0 {
            result |= follow[rest.trailingZeroBitCount]
            rest &= rest &- 1
        }
        return result
    }

    /// The positions that consume the character at `place`, which moves behind it.
    @inline(__always)
    private func consumers(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> UInt64 {
        let byte = bytes[place]
        if byte < 128 {
            place += 1
            return ascii[Int(byte)]
        }
        return wideConsumers(bytes, &place)
    }

    private func wideConsumers(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> UInt64 {
        let lead = bytes[place]
        let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        var scalar = UInt32(lead) & (0xFF >> UInt32(length + 1))
        for index in place + 1..<min(place + length, bytes.count) {
            scalar = scalar << 6 | UInt32(bytes[index] & 0x3F)
        }
        place = min(place + length, bytes.count)
        var result: UInt64 = 0
        for (position, set) in classes.enumerated() where set.contains(scalar) { result |= 1 << position }
        return result
    }

    private struct Builder {
        struct Part {
            var nullable: Bool
            var first: UInt64
            var last: UInt64
        }

        var classes: [CharacterClass] = []
        var follow: [UInt64] = []

        mutating func add(_ node: PatternNode) -> Part? {
            switch node {
            case .characters(let set):
                guard classes.count < 64 else { return nil }
                classes.append(set)
                follow.append(0)
                let bit: UInt64 = 1 << (classes.count - 1)
                return Part(nullable: false, first: bit, last: bit)
            case .sequence(let nodes):
                var whole = Part(nullable: true, first: 0, last: 0)
                for node in nodes {
                    guard let part = add(node) else { return nil }
                    whole = join(whole, part)
                }
                return whole
            case .choice(let nodes):
                var whole = Part(nullable: false, first: 0, last: 0)
                for node in nodes {
                    guard let part = add(node) else { return nil }
                    whole.nullable = whole.nullable || part.nullable
                    whole.first |= part.first
                    whole.last |= part.last
                }
                return whole
            case .repeated(let inner, let minimum, let maximum):
                return addRepeated(inner, minimum, maximum)
            }
        }

        private mutating func addRepeated(_ inner: PatternNode, _ minimum: Int, _ maximum: Int?) -> Part? {
            var whole = Part(nullable: true, first: 0, last: 0)
            // The required copies; an open end makes the last of them (or one optional copy) loop.
            let copies = maximum ?? max(minimum, 1)
            for copy in 0..<copies {
                guard var part = add(inner) else { return nil }
                if maximum == nil, copy == copies - 1 { link(part.last, to: part.first) }
                if copy >= minimum { part.nullable = true }
                whole = join(whole, part)
            }
            return whole
        }

        private mutating func join(_ left: Part, _ right: Part) -> Part {
            link(left.last, to: right.first)
            return Part(
                nullable: left.nullable && right.nullable,
                first: left.first | (left.nullable ? right.first : 0),
                last: right.last | (right.nullable ? left.last : 0))
        }

        private mutating func link(_ from: UInt64, to: UInt64) {
            var rest = from
            while rest != 0 {
                follow[rest.trailingZeroBitCount] |= to
                rest &= rest &- 1
            }
        }
    }
}
