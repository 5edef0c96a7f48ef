// SPDX-License-Identifier: Apache-2.0

/// The service model as tables, read once from the generated text. Immutable, shared by all threads.
struct ServiceModel: Sendable {
    static let shared = ServiceModel(serviceModelText)

    let operations: [APIOperation]
    let operationsByName: [String: APIOperation]
    /// HTTP status by error shape.
    let errorStatuses: [String: Int]
    let shapes: [Shape]
    let shapesByName: [String: Int]
    /// Input shape by operation name.
    private let inputs: [String: Int]
    /// Member names of connectors in the unions of sources, destinations and operators.
    let unionKeys: Set<String>
    /// Lines that could not be read; empty unless the generator and this reader disagree.
    let unreadable: [String]

    func input(of operation: APIOperation) -> Int? { inputs[operation.name] }

    func shape(named name: String) -> Shape? { shapesByName[name].map { shapes[$0] } }

    init(_ text: String) {
        var operations: [APIOperation] = []
        var errorStatuses: [String: Int] = [:]
        var lines: [[Substring]] = []
        var places: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            switch words[0] {
            case "o":
                operations.append(
                    APIOperation(
                        name: String(words[1]), method: String(words[2]), uri: String(words[3]),
                        inputShape: String(words[4]), outputShape: String(words[5]),
                        errors: words[6].split(separator: ",").map(String.init)))
            case "x": errorStatuses[String(words[1])] = Int(words[2])
            default:
                places[String(words[1])] = lines.count
                lines.append(words)
            }
        }
        var shapes: [Shape] = []
        var unreadable: [String] = []
        for words in lines {
            if let shape = Shape(words, places: places) {
                shapes.append(shape)
            } else {
                unreadable.append(words.joined(separator: " "))
                shapes.append(Shape(name: String(words[1]), kind: .string))
            }
        }
        self.operations = operations
        self.operationsByName = Dictionary(uniqueKeysWithValues: operations.map { ($0.name, $0) })
        self.errorStatuses = errorStatuses
        self.shapes = shapes
        self.shapesByName = places
        self.inputs = operations.reduce(into: [:]) { $0[$1.name] = places[$1.inputShape] }
        self.unreadable = unreadable
        var keys = Set<String>()
        for name in ["SourceConnectorProperties", "DestinationConnectorProperties", "ConnectorOperator"] {
            guard let place = places[name], case .structure(let structure) = shapes[place].kind else { continue }
            keys.formUnion(structure.members.map(\.name))
        }
        self.unionKeys = keys
    }
}
