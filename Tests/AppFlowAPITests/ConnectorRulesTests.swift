// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import AppFlowAPI

private typealias F = FlowFixtures

/// Flows between every pair of ends that the model has.
@Suite struct ConnectorRulesTests {
    /// The least value that the model takes: required members only.
    private static func least(_ place: Int) -> JSONValue {
        let shape = ServiceModel.shared.shapes[place]
        switch shape.kind {
        case .structure(let structure):
            return .object(
                JSONObject(
                    structure.required.map {
                        (key: structure.members[$0].name, value: least(structure.members[$0].shape))
                    }))
        case .list: return []
        case .map: return [:]
        // Fits all patterns of names and buckets.
        case .string: return .string(shape.allowedValues.first ?? "upsolver-appflow-x")
        case .boolean: return true
        default: return .number(JSONNumber(shape.minimum ?? 1))
        }
    }

    private static func properties(_ connector: Connector, _ suffix: String, _ entity: String?) throws -> JSONValue {
        let place = try #require(ServiceModel.shared.shapesByName[connector.unionKey + suffix])
        var own = least(place).objectValue ?? [:]
        if let entity { own[entity] = "/thing" }
        return .object([connector.unionKey: .object(own)])
    }

    private static func source(_ connector: Connector, profile: String? = "p") throws -> JSONValue {
        var output: JSONObject = [
            "connectorType": .string(connector.type),
            "sourceConnectorProperties": try properties(
                connector, "SourceProperties", connector.source?.entityMember),
        ]
        if connector.needsProfile, let profile { output["connectorProfileName"] = .string(profile) }
        return .object(output)
    }

    private static func destination(_ connector: Connector, profile: String? = "q") throws -> JSONValue {
        var output: JSONObject = [
            "connectorType": .string(connector.type),
            "destinationConnectorProperties": try properties(connector, "DestinationProperties", nil),
        ]
        if connector.needsProfile, let profile { output["connectorProfileName"] = .string(profile) }
        return .object(output)
    }

    private static let mapAll: JSONValue = ["taskType": "Map_all", "sourceFields": []]

    @Test func everySourceGoesToEveryDestination() throws {
        for source in ConnectorCatalogue.all where source.source != nil {
            for destination in ConnectorCatalogue.all where destination.destination != nil {
                let flow: JSONObject = [
                    "sourceFlowConfig": try Self.source(source),
                    "destinationFlowConfigList": .array([try Self.destination(destination)]),
                    "tasks": .array([Self.mapAll]),
                ]
                #expect(try F.refusal(flow) == nil, "\(source.type) to \(destination.type)")
                let problem = RunSupport.problem(try F.definition(flow))
                #expect((problem == nil) == (source.type == "S3" && destination.type == "S3"))
                if source.type != "S3" {
                    #expect(problem?.contains("the source connector \(source.type) (S3 is)") == true)
                }
                // AppFlow offers fewer pairs.
                let offered = source.source?.destinations.contains(destination.type) == true
                let refusal = try Self.strictRefusal(flow) ?? ""
                #expect(
                    refusal.contains("is not supported for the source connector") == !offered,
                    "\(source.type) to \(destination.type)")
            }
        }
    }

    @Test func strictFlowsHaveOneDestination() throws {
        #expect(
            try Self.strictRefusal(["destinationFlowConfigList": [F.destination, F.destination]])?
                .contains("A flow has one destination, found 2.") == true)
    }

    private static func strictRefusal(_ flow: JSONObject) throws -> String? {
        try F.refusal(flow, isStrict: true)
    }

    @Test func connectorsStandAtTheirEndsOnly() throws {
        for connector in ConnectorCatalogue.all {
            if connector.source == nil {
                let flow: JSONObject = ["sourceFlowConfig": try Self.wrongEnd(connector, "source")]
                #expect(throws: APIError.validation("Connector \(connector.type) can not be used as a source.")) {
                    try F.definition(flow)
                }
            }
            if connector.destination == nil {
                let flow: JSONObject = [
                    "destinationFlowConfigList": .array([try Self.wrongEnd(connector, "destination")])
                ]
                #expect(throws: APIError.validation("Connector \(connector.type) can not be used as a destination.")) {
                    try F.definition(flow)
                }
            }
        }
    }

    private static func wrongEnd(_ connector: Connector, _ end: String) throws -> JSONValue {
        [
            "connectorType": .string(connector.type), "connectorProfileName": "p",
            "\(end)ConnectorProperties": ["S3": ["bucketName": "bucket"]],
        ]
    }

    @Test func profilesAreAskedFor() throws {
        for connector in ConnectorCatalogue.all where connector.needsProfile {
            if connector.source != nil {
                let flow: JSONObject = [
                    "sourceFlowConfig": try Self.source(connector, profile: nil), "tasks": .array([Self.mapAll]),
                ]
                #expect(
                    try F.refusal(flow)
                        == "Create Flow request failed: [A connector profile name is required for the source connector "
                        + "\(connector.type).]")
            }
            if connector.destination != nil {
                let flow: JSONObject = [
                    "destinationFlowConfigList": .array([try Self.destination(connector, profile: nil)])
                ]
                #expect(try F.refusal(flow)?.contains("for the destination connector \(connector.type)") == true)
            }
        }
    }

    @Test func triggersAreThoseOfTheSource() throws {
        for connector in ConnectorCatalogue.all {
            guard let source = connector.source else { continue }
            for trigger in Connector.Trigger.allCases {
                let flow: JSONObject = [
                    "sourceFlowConfig": try Self.source(connector), "tasks": .array([Self.mapAll]),
                    "triggerConfig": [
                        "triggerType": .string(trigger.rawValue),
                        "triggerProperties": ["Scheduled": ["scheduleExpression": "rate(1days)"]],
                    ],
                ]
                let refusal = try F.refusal(flow)
                let isAllowed = source.triggers.contains(trigger) || trigger == .event
                #expect((refusal == nil) == isAllowed, "\(connector.type) \(trigger)")
                if let refusal {
                    #expect(refusal.contains("The trigger type \(trigger.rawValue) is not supported for the source"))
                }
            }
        }
    }

    @Test func filtersAreThoseOfTheSource() throws {
        let operators = ServiceModel.shared.shape(named: "Operators")?.allowedValues ?? []
        #expect(operators.count == 21)
        for connector in ConnectorCatalogue.all where connector.source != nil {
            for op in operators {
                let task: JSONValue = [
                    "taskType": "Filter", "sourceFields": ["a"],
                    "connectorOperator": .object([connector.unionKey: .string(op)]),
                    "taskProperties": ["VALUE": "1", "LOWER_BOUND": "1", "UPPER_BOUND": "2"],
                ]
                let flow: JSONObject = [
                    "sourceFlowConfig": try Self.source(connector), "tasks": .array([task, Self.mapAll]),
                ]
                var accepted = false
                do {
                    accepted = try F.refusal(flow) == nil
                } catch {
                    #expect(error is APIError)
                }
                let isFilter = TaskRules.filterOperators.contains(op)
                #expect(accepted == (isFilter && connector.operators.contains(op)), "\(connector.type) \(op)")
            }
        }
    }

    private static func scheduled(_ properties: JSONObject, _ type: String = "S3") throws -> JSONObject {
        let connector = try #require(ConnectorCatalogue.connector(type))
        return [
            "sourceFlowConfig": try source(connector), "tasks": .array([mapAll]),
            "triggerConfig": ["triggerType": "Scheduled", "triggerProperties": ["Scheduled": .object(properties)]],
        ]
    }

    @Test(
        arguments: [
            (["scheduleExpression": "hourly"], "The schedule expression 'hourly' is not valid"),
            (["scheduleExpression": "rate(0minutes)"], "is not valid"),
            (
                [
                    "scheduleExpression": "rate(1days)", "scheduleStartTime": 1_700_000_000,
                    "scheduleEndTime": 1_700_000_000,
                ], "scheduleEndTime must be later than scheduleStartTime."
            ),
            (["scheduleExpression": "rate(1minutes)"], nil),
            (["scheduleExpression": "cron(0 1 * * ? *)", "timezone": "America/New_York"], nil),
            (
                [
                    "scheduleExpression": "rate(1 hour)", "dataPullMode": "Incremental", "scheduleOffset": 36_000,
                    "firstExecutionFrom": 1_600_000_000, "flowErrorDeactivationThreshold": 3,
                    "scheduleStartTime": 1_700_000_000, "scheduleEndTime": 1_800_000_000,
                ], nil
            ),
        ] as [(JSONObject, String?)])
    func schedules(_ properties: JSONObject, _ text: String?) throws {
        let refusal = try F.refusal(try Self.scheduled(properties))
        if let text {
            #expect(refusal?.contains(text) == true, "\(refusal ?? "accepted")")
        } else {
            #expect(refusal == nil)
        }
    }

    @Test func frequenciesBindWhereItIsStrict() throws {
        let often: JSONObject = ["scheduleExpression": "rate(30minutes)"]
        #expect(try F.refusal(try Self.scheduled(often, "Marketo")) == nil)
        #expect(
            try Self.strictRefusal(try Self.scheduled(often, "Marketo"))
                == "Create Flow request failed: [The schedule expression rate(30minutes) is too frequent: flows from Marketo "
                + "run at most once per hour.]")
        #expect(try Self.strictRefusal(try Self.scheduled(often, "Salesforce")) == nil)
        let hourly: JSONObject = ["scheduleExpression": "cron(0 * * * ? *)"]
        #expect(try Self.strictRefusal(try Self.scheduled(hourly, "Amplitude"))?.contains("once per day") == true)
    }

    @Test func strictAsksS3ForAProjection() throws {
        #expect(try F.refusal(["tasks": [F.map]]) == nil)
        #expect(try Self.strictRefusal(["tasks": [F.map]])?.contains("specify a projection task") == true)
        #expect(try Self.strictRefusal(["tasks": [F.projection, F.map]]) == nil)
    }

    @Test func strictLimitsTasks() throws {
        let filter = F.filter("EQUAL_TO", ["VALUE": "1"])
        func values(_ count: Int) -> JSONValue {
            F.filter("EQUAL_TO", ["VALUES": .string((1...count).map(String.init).joined(separator: ","))])
        }
        func partition(_ keys: String) -> JSONValue {
            [
                "taskType": "Partition", "sourceFields": [],
                "taskProperties": ["ORDERED_PARTITION_KEYS_LIST": .string(keys)],
            ]
        }
        let most: [JSONValue] = [F.projection, F.map] + Array(repeating: filter, count: 9) + [values(10)]
        #expect(try Self.strictRefusal(["tasks": .array(most + [partition("a,b,c,d,e,f,g,h,i,j")])]) == nil)
        for (task, text) in [
            (filter, "at most 10 filters, found 11"), (values(11), "at most 10 criteria, found 11"),
            (partition("a,b,c,d,e,f,g,h,i,j,k"), "at most 10 fields, found 11"),
            (partition("[\(Array(repeating: "\"a\"", count: 11).joined(separator: ","))]"), "at most 10 fields"),
        ] {
            let flow: JSONObject = ["tasks": .array(most + [task])]
            #expect(try Self.strictRefusal(flow)?.contains(text) == true)
            #expect(try F.refusal(flow) == nil)
        }
    }

    @Test func upsertsNeedAnIdentifier() throws {
        let salesforce: (JSONObject) -> JSONObject = {
            var own: JSONObject = ["object": "Account"]
            for (key, value) in $0 { own[key] = value }
            return [
                "destinationFlowConfigList": [
                    [
                        "connectorType": "Salesforce", "connectorProfileName": "p",
                        "destinationConnectorProperties": ["Salesforce": .object(own)],
                    ]
                ]
            ]
        }
        #expect(
            try F.refusal(salesforce(["writeOperationType": "UPSERT"]))
                == "Create Flow request failed: [idFieldNames is required for the write operation UPSERT.]")
        #expect(try F.refusal(salesforce(["writeOperationType": "UPSERT", "idFieldNames": ["Id"]])) == nil)
        #expect(try F.refusal(salesforce(["writeOperationType": "INSERT"])) == nil)
    }
}
