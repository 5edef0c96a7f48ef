// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What the catalogue lets a flow do: which connectors may stand at which end, what each needs, and which triggers the
/// source has.
enum ConnectorRules {
    /// - Parameter isStrict: AppFlow's own limits bind where Millrace is more generous.
    static func problems(_ definition: FlowDefinition, isStrict: Bool) -> [String] {
        let type = definition.source.connectorType
        // A definition with a connector at the wrong end cannot be made.
        guard let connector = ConnectorCatalogue.connector(type), let source = connector.source else { return [] }
        var problems = profileProblems(connector, definition.source.connectorProfileName, "source")
        problems += entityProblems(connector, definition)
        problems += triggerProblems(definition, source, isStrict: isStrict)
        problems += DestinationRules.problems(definition.destinations, isStrict: isStrict)
        let destinations = zip(definition.destinations, definition.destinationProfileNames)
        for (index, (destination, profile)) in destinations.enumerated() {
            let own = destinationProblems(destination, profile, definition, isStrict: isStrict)
            // Where there is one, it goes without saying which is meant.
            problems += definition.destinations.count == 1 ? own : own.map { "\(DestinationRules.path(index)): \($0)" }
        }
        return problems
    }

    private static func profileProblems(_ connector: Connector, _ profile: String?, _ end: String) -> [String] {
        if !connector.needsProfile || profile != nil { return [] }
        return ["A connector profile name is required for the \(end) connector \(connector.type)."]
    }

    private static func entityProblems(_ connector: Connector, _ definition: FlowDefinition) -> [String] {
        guard case .other(let own) = definition.source.properties, let source = connector.source,
            let member = source.entityMember, own[member]?.stringValue == nil
        else { return [] }
        // SAP's path is optional in the model, but nothing can be read without it.
        return ["\(member) is required for the source connector \(connector.type)."]
    }

    private static func triggerProblems(
        _ definition: FlowDefinition, _ source: Connector.Source, isStrict: Bool
    ) -> [String] {
        let type = definition.source.connectorType
        guard let trigger = Connector.Trigger(rawValue: definition.trigger.type) else { return [] }
        // AppFlow takes events of a few sources; here anything may send them.
        let isAllowed = source.triggers.contains(trigger) || (trigger == .event && !isStrict)
        guard isAllowed else {
            let allowed = source.triggers.map(\.rawValue).sorted().joined(separator: ", ")
            return [
                "The trigger type \(trigger.rawValue) is not supported for the source connector \(type). "
                    + "Supported trigger types: \(allowed)"
            ]
        }
        // Properties of other triggers than the flow's are ignored: clients leave them behind.
        guard trigger == .scheduled else { return [] }
        return ScheduleRules.problems(definition, fastest: isStrict ? source.fastest : .byMinute)
    }

    private static func destinationProblems(
        _ destination: DestinationDefinition, _ profile: String?, _ definition: FlowDefinition, isStrict: Bool
    ) -> [String] {
        let type = destination.connectorType
        guard let connector = ConnectorCatalogue.connector(type), let own = connector.destination else { return [] }
        var problems = profileProblems(connector, profile, "destination")
        if let size = destination.s3?.targetFileSize, size < 0 {
            problems.append("targetFileSize must not be negative.")
        }
        if case .other(_, let properties) = destination {
            problems += writeProblems(own, type, properties, isStrict: isStrict)
        }
        if isStrict { problems += strictProblems(connector, definition) }
        return problems
    }

    private static func writeProblems(
        _ own: Connector.Destination, _ type: String, _ properties: JSONObject, isStrict: Bool
    ) -> [String] {
        let operation = properties["writeOperationType"]?.stringValue ?? "INSERT"
        let identifiers = properties["idFieldNames"]?.arrayValue ?? []
        if isStrict, properties["writeOperationType"] != nil, !own.writeOperations.contains(operation) {
            return ["The write operation \(operation) is not supported for the destination connector \(type)."]
        }
        if operation == "UPSERT", identifiers.isEmpty {
            return ["idFieldNames is required for the write operation \(operation)."]
        }
        return []
    }

    /// Pairs and triggers that AppFlow does not offer.
    private static func strictProblems(_ destination: Connector, _ definition: FlowDefinition) -> [String] {
        let source = definition.source.connectorType
        var problems: [String] = []
        if ConnectorCatalogue.connector(source)?.source?.destinations.contains(destination.type) == false {
            problems.append(
                "The destination connector \(destination.type) is not supported for the source connector \(source).")
        }
        let only = destination.destination?.onlyTriggers ?? []
        if !only.isEmpty, !only.map(\.rawValue).contains(definition.trigger.type) {
            problems.append(
                "The trigger type \(definition.trigger.type) is not supported for the destination connector "
                    + "\(destination.type).")
        }
        return problems
    }
}
