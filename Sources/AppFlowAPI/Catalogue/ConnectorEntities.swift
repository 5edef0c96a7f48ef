// SPDX-License-Identifier: Apache-2.0

public import JSON

/// The entities of a connector that are known without asking the vendor.
///
/// The catalogue writes them as text, an entity a line: its name, its label in quotes, its fields as `name:type` with
/// marks behind: `*` primary key, `~` stamp for incremental pulls, `+` writable. A name that ends in `/` has entities
/// below it, which only the vendor can list; its fields are theirs.
public struct ConnectorEntities: Sendable {
    public struct Entity: Sendable {
        public let name: String
        public let label: String
        public let hasNested: Bool
        let fields: [Field]
    }

    struct Field: Sendable {
        let name: String
        let type: String
        let isPrimaryKey: Bool
        let isStamp: Bool
        let isWritable: Bool
    }

    private let connector: Connector
    public let entities: [Entity]

    public init(_ connector: Connector) {
        self.connector = connector
        entities = connector.entities.split(separator: "\n").compactMap(Self.entity)
    }

    /// An entry of ListConnectorEntities.
    public static func summary(_ entity: Entity) -> JSONObject {
        [
            "name": .string(entity.name), "label": .string(entity.label), "hasNestedEntities": .bool(entity.hasNested),
        ]
    }

    /// The fields of DescribeConnectorEntity; nil when the entity is not known. An entity below another has its fields.
    public func fields(of name: String) -> [JSONObject]? {
        let root = name.split(separator: "/", maxSplits: 1).first.map(String.init) ?? name
        guard let entity = entities.first(where: { $0.name == name || ($0.hasNested && $0.name == root) }) else {
            return nil
        }
        return entity.fields.map(described)
    }

    private func described(_ field: Field) -> JSONObject {
        let operators = FieldTypes.filterOperators(field.type).filter { connector.operators.contains($0) }
        var output: JSONObject = [
            "identifier": .string(field.name), "label": .string(field.name), "isPrimaryKey": .bool(field.isPrimaryKey),
            "isDeprecated": false,
            "supportedFieldTypeDetails": .object([
                "v1": .object([
                    "fieldType": .string(field.type), "filterOperators": ConnectorRendering.texts(operators),
                ])
            ]),
        ]
        if connector.source != nil {
            output["sourceProperties"] = .object([
                "isRetrievable": true, "isQueryable": .bool(!operators.isEmpty),
                "isTimestampFieldForIncrementalQueries": .bool(field.isStamp),
            ])
        }
        if let destination = connector.destination {
            // A primary key is the vendor's to give: it finds records, it does not create them.
            let isCreatable = field.isWritable && !field.isPrimaryKey
            var writes = field.isWritable ? destination.writeOperations : []
            if field.isPrimaryKey { writes.removeAll { $0 == "INSERT" } }
            output["destinationProperties"] = .object([
                "isCreatable": .bool(isCreatable), "isNullable": .bool(!field.isPrimaryKey),
                "isUpsertable": .bool(writes.contains("UPSERT")),
                "isUpdatable": .bool(isCreatable && writes.contains("UPDATE")),
                "supportedWriteOperations": ConnectorRendering.texts(writes),
            ])
        }
        return output
    }

    private static func entity(_ line: Substring) -> Entity? {
        let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
        guard parts.count == 3, var name = parts[0].split(separator: " ").first else { return nil }
        let hasNested = name.last == "/"
        if hasNested { name.removeLast() }
        return Entity(
            name: String(name), label: String(parts[1]), hasNested: hasNested,
            fields: parts[2].split(separator: " ").compactMap(field))
    }

    private static func field(_ word: Substring) -> Field? {
        guard let colon = word.lastIndex(of: ":") else { return nil }
        let marked = word[word.index(after: colon)...]
        return Field(
            name: String(word[..<colon]), type: String(marked.filter { !"*~+".contains($0) }),
            isPrimaryKey: marked.contains("*"), isStamp: marked.contains("~"), isWritable: marked.contains("+"))
    }
}

/// Field types and the filters that fit them, as DescribeConnectorEntity tells for Salesforce's.
enum FieldTypes {
    private static let comparisons = [
        "EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO",
    ]

    static func filterOperators(_ type: String) -> [String] {
        switch TaskDataType(name: type) {
        // Salesforce's money compares with nothing but itself.
        case .number: type == "currency" ? ["EQUAL_TO"] : ["NOT_EQUAL_TO"] + comparisons
        case .dateTime: comparisons + ["BETWEEN"]
        case .boolean: ["EQUAL_TO"]
        case .text:
            switch type {
            case "string", "email": ["CONTAINS", "EQUAL_TO", "NOT_EQUAL_TO"]
            case "struct", "list", "map": []
            default: ["EQUAL_TO"]
            }
        }
    }
}
