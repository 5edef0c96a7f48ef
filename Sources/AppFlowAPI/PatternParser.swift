// SPDX-License-Identifier: Apache-2.0

/// A set of Unicode scalars.
struct CharacterClass: Sendable, Equatable {
    private(set) var ranges: [ClosedRange<UInt32>] = []
    var negated = false

    init(_ ranges: [ClosedRange<UInt32>] = [], negated: Bool = false) {
        self.ranges = ranges
        self.negated = negated
    }

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    mutating func insert(_ other: CharacterClass) {
        ranges += other.negated ? other.complement : other.ranges
    }

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != negated }

    private var complement: [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return result
    }

    static let word = CharacterClass([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let digit = CharacterClass([0x30...0x39])
    static let space = CharacterClass([0x09...0x0D, 0x20...0x20])
    /// Anything but Java's line terminators.
    static let any = CharacterClass([0x0A...0x0A, 0x0D...0x0D, 0x85...0x85, 0x2028...0x2029], negated: true)
}

/// The tree of a regular expression.
indirect enum PatternNode: Sendable {
    case characters(CharacterClass)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// No maximum means an open end.
    case repeated(PatternNode, Int, Int?)
}

/// Reads the dialect that `Pattern` describes; every method answers nil for what is not in it.
struct PatternParser {
    private static let maximumCount = 64

    private let characters: [UInt32]
    private var place = 0

    init(_ source: String) { characters = source.unicodeScalars.map(\.value) }

    /// The whole expression, with its leading negative look-aheads set apart.
    mutating func parse() -> (body: PatternNode, refusedPrefixes: [PatternNode])? {
        var refused: [PatternNode] = []
        if starts(with: "^(?!") { place += 1 }
        while starts(with: "(?!") {
            place += 3
            guard let node = choice(anchors: false), take(")") else { return nil }
            refused.append(node)
        }
        guard let body = choice(anchors: true), place == characters.count else { return nil }
        // A look-ahead before one of several alternatives would bind to that one only.
        if !refused.isEmpty, case .choice = body { return nil }
        return (body, refused)
    }

    private func starts(with text: String) -> Bool {
        characters[place...].starts(with: text.unicodeScalars.map(\.value))
    }

    private var current: UInt32? { place < characters.count ? characters[place] : nil }

    private mutating func take(_ expected: Unicode.Scalar) -> Bool {
        guard current == expected.value else { return false }
        place += 1
        return true
    }

    private mutating func choice(anchors: Bool) -> PatternNode? {
        guard let first = sequence(anchors: anchors) else { return nil }
        var alternatives = [first]
        while take("|") {
            guard let next = sequence(anchors: anchors) else { return nil }
            alternatives.append(next)
        }
        return alternatives.count == 1 ? first : .choice(alternatives)
    }

    private mutating func sequence(anchors: Bool) -> PatternNode? {
        // Anchors at the ends say nothing where the whole text must match.
        if anchors { _ = take("^") }
        var nodes: [PatternNode] = []
        while let character = current {
            if character == 0x7C || character == 0x29 { break }  // | )
            if character == 0x24 {  // $
                guard anchors, place + 1 == characters.count || characters[place + 1] == 0x7C else { return nil }
                place += 1
                break
            }
            guard let atom = atom(), let node = quantified(atom) else { return nil }
            nodes.append(node)
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func atom() -> PatternNode? {
        guard let character = current else { return nil }
        place += 1
        switch Unicode.Scalar(character) {
        case ".": return .characters(.any)
        case "[": return bracket().map { .characters($0) }
        case "(":
            if current == 0x3F {  // (?…): only the group without capture
                guard starts(with: "?:") else { return nil }
                place += 2
            }
            guard let inner = choice(anchors: false), take(")") else { return nil }
            return inner
        case "\\": return escape().map { .characters($0) }
        case "*", "+", "?", "{", "}", "]", "^": return nil
        default: return .characters(CharacterClass([character...character]))
        }
    }

    private mutating func quantified(_ atom: PatternNode) -> PatternNode? {
        var node = atom
        if take("*") {
            node = .repeated(atom, 0, nil)
        } else if take("+") {
            node = .repeated(atom, 1, nil)
        } else if take("?") {
            node = .repeated(atom, 0, 1)
        } else if take("{") {
            guard let minimum = number() else { return nil }
            var maximum: Int? = minimum
            if take(",") { maximum = current == 0x7D ? nil : number() }
            guard take("}"), minimum <= Self.maximumCount, maximum ?? minimum <= Self.maximumCount,
                maximum ?? minimum >= minimum
            else { return nil }
            node = .repeated(atom, minimum, maximum)
        }
        // A second quantifier would be lazy or possessive.
        switch current.flatMap(Unicode.Scalar.init) {
        case "*", "+", "?", "{": return nil
        default: return node
        }
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let character = current, (0x30...0x39).contains(character), (value ?? 0) <= Self.maximumCount {
            value = (value ?? 0) * 10 + Int(character - 0x30)
            place += 1
        }
        return value
    }

    /// What follows a backslash; also inside brackets.
    private mutating func escape() -> CharacterClass? {
        guard let character = current else { return nil }
        place += 1
        switch Unicode.Scalar(character) {
        case "w": return .word
        case "W": return CharacterClass(CharacterClass.word.ranges, negated: true)
        case "d": return .digit
        case "D": return CharacterClass(CharacterClass.digit.ranges, negated: true)
        case "s": return .space
        case "S": return CharacterClass(CharacterClass.space.ranges, negated: true)
        case "t": return CharacterClass([0x09...0x09])
        case "n": return CharacterClass([0x0A...0x0A])
        case "r": return CharacterClass([0x0D...0x0D])
        case "u": return codePoint().map { CharacterClass([$0...$0]) }
        case let scalar?
        where scalar.isASCII && !scalar.properties.isAlphabetic && scalar.properties.numericType == nil:
            return CharacterClass([character...character])
        default: return nil
        }
    }

    /// The code unit after `\u`; a high surrogate takes its low one along, as in Java.
    private mutating func codePoint() -> UInt32? {
        guard let first = hexUnit() else { return nil }
        guard first & 0xFC00 == 0xD800, starts(with: "\\u") else { return first }
        let before = place
        place += 2
        guard let second = hexUnit(), second & 0xFC00 == 0xDC00 else {
            place = before
            return first
        }
        return 0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF)
    }

    private mutating func hexUnit() -> UInt32? {
        guard place + 4 <= characters.count else { return nil }
        var value: UInt32 = 0
        for index in place..<place + 4 {
            guard let digit = Unicode.Scalar(characters[index]).flatMap({ Character($0).hexDigitValue }) else {
                return nil
            }
            value = value << 4 | UInt32(digit)
        }
        place += 4
        return value
    }

    private mutating func bracket() -> CharacterClass? {
        var set = CharacterClass()
        let negated = take("^")
        var isFirst = true
        while let character = current {
            if character == 0x5D, !isFirst {  // ]
                place += 1
                set.negated = negated
                return set
            }
            isFirst = false
            // Java's nested classes and intersections are not in the dialect.
            guard character != 0x5B, !starts(with: "&&"), let low = bracketItem() else { return nil }
            let single = low.ranges.count == 1 && !low.negated ? low.ranges[0] : nil
            if let single, single.count == 1, current == 0x2D, place + 1 < characters.count,
                characters[place + 1] != 0x5D
            {
                place += 1
                guard let high = bracketItem(), high.ranges.count == 1, !high.negated, high.ranges[0].count == 1,
                    single.lowerBound <= high.ranges[0].lowerBound
                else { return nil }
                set.insert(single.lowerBound...high.ranges[0].lowerBound)
            } else {
                set.insert(low)
            }
        }
        return nil
    }

    private mutating func bracketItem() -> CharacterClass? {
        guard let character = current else { return nil }
        place += 1
        return character == 0x5C ? escape() : CharacterClass([character...character])
    }
}
