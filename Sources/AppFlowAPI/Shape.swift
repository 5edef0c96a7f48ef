// SPDX-License-Identifier: Apache-2.0

/// One shape of the service model with its constraints. Other shapes are named by their place in the table.
struct Shape: Sendable {
    enum Kind: Sendable {
        case structure(Structure)
        case list(element: Int)
        case map(key: Int, value: Int)
        case string
        case integer
        case long
        case double
        case boolean
        case timestamp
    }

    struct Structure: Sendable {
        let members: [Member]
        /// Place in `members` by name.
        let places: [String: Int]
        let required: [Int]
    }

    struct Member: Sendable {
        enum Location: Sendable {
            case body
            case uri
            case query
        }

        let name: String
        let shape: Int
        let location: Location
        let isRequired: Bool
    }

    let name: String
    let kind: Kind
    /// Least length, size or value.
    var minimum: Int?
    /// Greatest length, size or value.
    var maximum: Int?
    var pattern: Pattern?
    /// In the model's order, as messages list them.
    var allowedValues: [String] = []
    var allowedSet: Set<String> = []
    /// Values of this shape never appear in messages or logs.
    var isSensitive = false

    init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// Reads the words of one line of the generated text.
    init?(_ words: [Substring], places: [String: Int]) {
        guard words.count >= 2 else { return nil }
        name = String(words[1])
        var rest = words[2...]
        switch words[0] {
        case "t":
            guard let structure = Structure(rest, places: places) else { return nil }
            kind = .structure(structure)
            return
        case "l":
            guard let element = rest.popFirst(), let place = places[String(element)] else { return nil }
            kind = .list(element: place)
        case "m":
            guard let key = rest.popFirst(), let value = rest.popFirst(), let keyPlace = places[String(key)],
                let valuePlace = places[String(value)]
            else { return nil }
            kind = .map(key: keyPlace, value: valuePlace)
        case "s": kind = .string
        case "i": kind = .integer
        case "g": kind = .long
        case "d": kind = .double
        case "b": kind = .boolean
        case "z": kind = .timestamp
        default: return nil
        }
        guard readConstraints(rest) else { return nil }
    }

    private mutating func readConstraints(_ words: ArraySlice<Substring>) -> Bool {
        for (index, word) in zip(words.indices, words) {
            if word == "sensitive" {
                isSensitive = true
                continue
            }
            guard let equals = word.firstIndex(of: "=") else { return false }
            let value = word[word.index(after: equals)...]
            switch word[..<equals] {
            case "min":
                minimum = Int(value)
                guard minimum != nil else { return false }
            case "max":
                maximum = Int(value)
                guard maximum != nil else { return false }
            case "enum":
                allowedValues = value.split(separator: "|").map(String.init)
                allowedSet = Set(allowedValues)
            case "pattern":
                // A pattern may hold blanks: it takes the rest of the line.
                let source = ([value] + words[(index + 1)...]).joined(separator: " ")
                pattern = Pattern(source)
                return pattern != nil
            default: return false
            }
        }
        return true
    }
}

extension Shape.Structure {
    /// Reads words like `flowName!:FlowName` and `tagKeys!@query:TagKeyList`.
    fileprivate init?(_ words: ArraySlice<Substring>, places: [String: Int]) {
        var members: [Shape.Member] = []
        for word in words {
            let halves = word.split(separator: ":")
            guard halves.count == 2, let shape = places[String(halves[1])] else { return nil }
            let parts = halves[0].split(separator: "@")
            var name = parts[0]
            let isRequired = name.last == "!"
            if isRequired { name.removeLast() }
            let location: Shape.Member.Location
            switch parts.count == 2 ? parts[1] : "" {
            case "": location = .body
            case "uri": location = .uri
            case "query": location = .query
            default: return nil
            }
            members.append(
                Shape.Member(name: String(name), shape: shape, location: location, isRequired: isRequired))
        }
        self.members = members
        self.places = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($1.name, $0) })
        required = members.indices.filter { members[$0].isRequired }
    }
}
