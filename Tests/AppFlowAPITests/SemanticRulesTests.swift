// SPDX-License-Identifier: Apache-2.0

import AppFlowAPI
import JSON
import Testing

@Suite struct SemanticRulesTests {
    private typealias F = FlowFixtures

    private static let mapAll: JSONValue = ["taskType": "Map_all", "sourceFields": []]

    @Test func acceptsFlowsFromS3() throws {
        #expect(try F.refusal([:]) == nil)
        // Map alone, also without an operator.
        #expect(try F.refusal(["tasks": [F.map]]) == nil)
        #expect(try F.refusal(["tasks": [["taskType": "Map", "sourceFields": ["a"], "destinationField": "b"]]]) == nil)
        #expect(try F.refusal(["tasks": [Self.mapAll]]) == nil)
        #expect(try F.refusal(["tasks": [["taskType": "Map_all", "sourceFields": [""]]]]) == nil)
        #expect(try F.refusal(["tasks": [F.projection, F.map, Self.mapAll]]) == nil)
    }

    @Test(
        arguments: [
            ("EQUAL_TO", ["VALUE": "x"]), ("NOT_EQUAL_TO", ["VALUES": "a,b"]),
            ("LESS_THAN", ["DATA_TYPE": "int", "VALUE": "5"]),
            ("LESS_THAN_OR_EQUAL_TO", ["DATA_TYPE": "double", "VALUE": "-1.5e3"]),
            ("GREATER_THAN", ["DATA_TYPE": "datetime", "VALUE": "1643760000000"]),
            ("GREATER_THAN_OR_EQUAL_TO", ["DATA_TYPE": "date", "VALUE": "2022-01-31"]),
            ("BETWEEN", ["DATA_TYPE": "integer", "LOWER_BOUND": "1", "UPPER_BOUND": "9"]),
            ("EQUAL_TO", ["DATA_TYPE": "whatever", "VALUE": "x"]),
            ("EQUAL_TO", ["DATA_TYPE": "boolean", "VALUE": "true"]),
            ("GREATER_THAN", ["VALUES": "5"]),
        ] as [(String, JSONObject)])
    func acceptsFilters(_ op: String, _ properties: JSONObject) throws {
        #expect(try F.refusal(["tasks": [F.map, F.filter(op, properties)]]) == nil)
    }

    @Test(
        arguments: [
            ("EQUAL_TO", [:], "the property VALUE or VALUES is required for EQUAL_TO"),
            ("LESS_THAN", ["DATA_TYPE": "int"], "the property VALUE or VALUES is required for LESS_THAN"),
            ("BETWEEN", ["VALUE": "1"], "LOWER_BOUND is required for BETWEEN"),
            ("BETWEEN", ["LOWER_BOUND": "1"], "UPPER_BOUND is required for BETWEEN"),
            (
                "GREATER_THAN", ["DATA_TYPE": "integer", "VALUE": "many"],
                "VALUE has the value 'many', which is not a valid integer"
            ),
            ("GREATER_THAN", ["DATA_TYPE": "date", "VALUE": "2022-02-30"], "'2022-02-30', which is not a valid date"),
            ("EQUAL_TO", ["DATA_TYPE": "int", "VALUES": "1,x,3"], "VALUES has the value 'x'"),
            ("EQUAL_TO", ["DATA_TYPE": "boolean", "VALUE": "yes"], "not a valid boolean"),
            ("BETWEEN", ["DATA_TYPE": "int", "LOWER_BOUND": "a", "UPPER_BOUND": "9"], "LOWER_BOUND has the value 'a'"),
            ("LESS_THAN", ["VALUES": "1,2"], "LESS_THAN compares with one value, found 2"),
        ] as [(String, JSONObject, String)])
    func refusesFilters(_ op: String, _ properties: JSONObject, _ text: String) throws {
        let message = try F.refusal(["tasks": [F.map, F.filter(op, properties)]])
        #expect(message?.contains(text) == true, "\(message ?? "accepted")")
        #expect(message?.contains("Task Validation Error: Task 2 (Filter): ") == true)
    }

    @Test func operatorsUnderAnotherKeyAreNone() throws {
        let task: JSONValue = [
            "taskType": "Filter", "sourceFields": ["a"], "connectorOperator": ["Salesforce": "PROJECTION"],
        ]
        #expect(
            try F.refusal(["tasks": [task, F.map]])
                == "Create Flow request failed: [Task Validation Error: The operator NO_OP is not valid for filtering tasks. "
                + "The task sourceConnectorType is FILTERING and the task operator is NO_OP]")
        #expect(
            try F.refusal(["tasks": [["taskType": "Filter", "sourceFields": ["a"]], F.map]])?.contains("NO_OP") == true)
    }

    @Test func severalOperatorsAreRefused() throws {
        let task: JSONValue = [
            "taskType": "Map", "sourceFields": ["a"], "destinationField": "a",
            "connectorOperator": ["S3": "NO_OP", "Zendesk": "NO_OP"],
        ]
        #expect(try F.refusal(["tasks": [task]])?.contains("exactly one connector operator, found S3, Zendesk") == true)
    }

    @Test(arguments: [
        ("Map", "PROJECTION"), ("Map_all", "EQUAL_TO"), ("Filter", "NO_OP"), ("Filter", "MASK_ALL"), ("Mask", "NO_OP"),
        ("Arithmetic", "NO_OP"), ("Validate", "PROJECTION"), ("Truncate", "ADDITION"),
    ])
    func operatorsMustFitTheirTask(_ type: String, _ op: String) throws {
        let task: JSONValue = [
            "taskType": .string(type), "sourceFields": ["a"], "destinationField": "a",
            "connectorOperator": ["S3": .string(op)],
        ]
        #expect(try F.refusal(["tasks": [task, F.map]])?.contains("The operator \(op) is not valid for ") == true)
    }

    @Test(
        arguments: [
            (
                ["taskType": "Map", "sourceFields": [], "destinationField": "a"],
                "exactly 1 source field is required, found 0"
            ),
            (
                ["taskType": "Map", "sourceFields": ["a", "b"], "destinationField": "a"],
                "exactly 1 source field is required, found 2"
            ),
            (["taskType": "Map", "sourceFields": ["a"]], "a destinationField is required"),
            (["taskType": "Map", "sourceFields": ["a"], "destinationField": ""], "a destinationField is required"),
            (["taskType": "Map", "sourceFields": [""], "destinationField": "a"], "a source field must not be empty"),
            (
                ["taskType": "Filter", "sourceFields": [], "connectorOperator": ["S3": "PROJECTION"]],
                "at least 1 source field"
            ),
            (
                FlowFixtures.filter("EQUAL_TO", ["VALUE": "x"], fields: ["a", "b"]),
                "exactly 1 source field is required, found 2"
            ),
            (
                [
                    "taskType": "Merge", "sourceFields": ["a"], "destinationField": "x",
                    "taskProperties": ["CONCAT_FORMAT": "x"],
                ], "at least 2 source fields"
            ),
            (["taskType": "Merge", "sourceFields": ["a", "b"], "destinationField": "x"], "CONCAT_FORMAT is required"),
            (
                [
                    "taskType": "Arithmetic", "sourceFields": ["a"], "destinationField": "x",
                    "connectorOperator": ["S3": "ADDITION"],
                ], "exactly 2"
            ),
            (
                [
                    "taskType": "Arithmetic", "sourceFields": ["a", "b"], "destinationField": "x",
                    "connectorOperator": ["S3": "ADDITION"], "taskProperties": ["MATH_OPERATION_FIELDS_ORDER": "a,c"],
                ], "MATH_OPERATION_FIELDS_ORDER must name"
            ),
            (
                ["taskType": "Mask", "sourceFields": ["a"], "connectorOperator": ["S3": "MASK_FIRST_N"]],
                "MASK_LENGTH is required"
            ),
            (
                [
                    "taskType": "Mask", "sourceFields": ["a"], "connectorOperator": ["S3": "MASK_ALL"],
                    "taskProperties": ["MASK_VALUE": "**"],
                ],
                "MASK_VALUE must be one character"
            ),
            (
                ["taskType": "Truncate", "sourceFields": ["a"], "taskProperties": ["TRUNCATE_LENGTH": "0"]],
                "must be a positive integer"
            ),
            (["taskType": "Truncate", "sourceFields": ["a"]], "TRUNCATE_LENGTH is required"),
            (
                [
                    "taskType": "Validate", "sourceFields": ["a"], "connectorOperator": ["S3": "VALIDATE_NON_NULL"],
                    "taskProperties": ["VALIDATION_ACTION": "Ignore"],
                ], "VALIDATION_ACTION must be DropRecord or DropDataset"
            ),
            (
                ["taskType": "Map_all", "sourceFields": [], "taskProperties": ["EXCLUDE_SOURCE_FIELDS_LIST": "a,b"]],
                "must be a JSON array"
            ),
            (
                ["taskType": "Map_all", "sourceFields": [], "taskProperties": ["EXCLUDE_SOURCE_FIELDS_LIST": "[1]"]],
                "must be a JSON array"
            ),
            (
                [
                    "taskType": "Partition", "sourceFields": [],
                    "taskProperties": ["ORDERED_PARTITION_KEYS_LIST": "[\"a\""],
                ], "must be a JSON array"
            ),
        ] as [(JSONValue, String)])
    func refusesTasks(_ task: JSONValue, _ text: String) throws {
        let message = try F.refusal(["tasks": [F.projection, task]])
        #expect(message?.contains("Task 2 (") == true)
        #expect(message?.contains(text) == true, "\(message ?? "accepted")")
    }

    @Test func somethingMustBeWritten() throws {
        #expect(try F.refusal(["tasks": []])?.contains("The list of tasks is empty") == true)
        #expect(try F.refusal(["tasks": [F.projection]])?.contains("No task maps a field to the destination") == true)
        #expect(
            try F.refusal(["tasks": [F.filter("EQUAL_TO", ["VALUE": "1"])]])?.contains("would write nothing") == true)
    }

    @Test func projectionsAndTargetsAreSingle() throws {
        #expect(
            try F.refusal(["tasks": [F.projection, F.projection, F.map]])?.contains("only one projection task") == true)
        #expect(try F.refusal(["tasks": [Self.mapAll, Self.mapAll]])?.contains("only one MAP_ALL task") == true)
        #expect(
            try F.refusal(["tasks": [F.map, F.map, F.map]])?.contains(
                "[Task Validation Error: More than one Map task writes the destination field id]") == true)
    }

    /// AppFlow refuses it; its own published examples do it.
    @Test func strictAsksOtherSourcesForAProjection() throws {
        let source: JSONValue = [
            "connectorType": "Salesforce", "connectorProfileName": "p",
            "sourceConnectorProperties": ["Salesforce": ["object": "Account"]],
        ]
        let map: JSONValue = ["taskType": "Map", "sourceFields": ["Id"], "destinationField": "Id"]
        #expect(try F.refusal(["sourceFlowConfig": source, "tasks": [map]]) == nil)
        #expect(
            try F.refusal(["sourceFlowConfig": source, "tasks": [map]], isStrict: true)
                == "Create Flow request failed: [Task Validation Error: You must specify a projection task or a MAP_ALL task]"
        )
        let projection: JSONValue = [
            "taskType": "Filter", "sourceFields": ["Id"], "connectorOperator": ["Salesforce": "PROJECTION"],
        ]
        #expect(try F.refusal(["sourceFlowConfig": source, "tasks": [projection, map]], isStrict: true) == nil)
    }

    /// How another source writes the values of its filters is not known here; that there are any is asked of all.
    @Test func valuesForOtherSourcesAreTheirs() throws {
        let source: JSONValue = [
            "connectorType": "Marketo", "connectorProfileName": "p",
            "sourceConnectorProperties": ["Marketo": ["object": "leads"]],
        ]
        func refusal(_ properties: JSONObject) throws -> String? {
            let filter: JSONValue = [
                "taskType": "Filter", "sourceFields": ["updatedAt"], "connectorOperator": ["Marketo": "BETWEEN"],
                "taskProperties": .object(properties),
            ]
            let map: JSONValue = ["taskType": "Map", "sourceFields": ["Id"], "destinationField": "Id"]
            return try F.refusal(["sourceFlowConfig": source, "tasks": [filter, map]])
        }
        #expect(try refusal(["DATA_TYPE": "datetime", "LOWER_BOUND": "yesterday", "UPPER_BOUND": "now"]) == nil)
        #expect(try refusal(["LOWER_BOUND": "yesterday"])?.contains("UPPER_BOUND is required") == true)
    }

    @Test func triggersAndDestinations() throws {
        #expect(
            try F.refusal(["triggerConfig": ["triggerType": "Scheduled"]], operation: "Update")
                == "Update Flow request failed due to:[TriggerProps is required for Scheduled Trigger Type.]")
        #expect(try F.refusal(["destinationFlowConfigList": []])?.contains("A destination is required.") == true)
        let negative: JSONValue = [
            "connectorType": "S3",
            "destinationConnectorProperties": [
                "S3": ["bucketName": "dst", "s3OutputFormatConfig": ["aggregationConfig": ["targetFileSize": -1]]]
            ],
        ]
        #expect(try F.refusal(["destinationFlowConfigList": [negative]])?.contains("targetFileSize") == true)
    }

    @Test(
        arguments: [
            (
                [
                    "triggerConfig": [
                        "triggerType": "Scheduled",
                        "triggerProperties": [
                            "Scheduled": ["scheduleExpression": "rate(1days)", "dataPullMode": "Incremental"]
                        ],
                    ]
                ], "the data pull mode Incremental"
            ),
            (
                [
                    "destinationFlowConfigList": [
                        [
                            "connectorType": "EventBridge",
                            "destinationConnectorProperties": ["EventBridge": ["object": "o"]],
                        ]
                    ]
                ], "the destination connector EventBridge"
            ),
            (
                [
                    "destinationFlowConfigList": [
                        [
                            "connectorType": "S3",
                            "destinationConnectorProperties": [
                                "S3": ["bucketName": "dst", "s3OutputFormatConfig": ["fileType": "PARQUET"]]
                            ],
                        ]
                    ]
                ], "PARQUET"
            ),
            (
                [
                    "metadataCatalogConfig": [
                        "glueDataCatalog": [
                            "roleArn": "arn:aws:iam::123456789012:role/r", "databaseName": "d", "tablePrefix": "t",
                        ]
                    ]
                ],
                "metadataCatalogConfig"
            ),
            (
                [
                    "tasks": [
                        FlowFixtures.map,
                        ["taskType": "Truncate", "sourceFields": ["a"], "taskProperties": ["TRUNCATE_LENGTH": "3"]],
                    ]
                ], "the task type Truncate"
            ),
            (["tasks": [["taskType": "Passthrough", "sourceFields": []]]], "the task type Passthrough"),
        ] as [(JSONObject, String)])
    func createsWhatDoesNotRunYet(_ replacements: JSONObject, _ feature: String) throws {
        #expect(try F.refusal(replacements) == nil)
        let problem = RunSupport.problem(try F.definition(replacements))
        #expect(problem?.hasPrefix("Not supported yet: ") == true, "\(problem ?? "supported")")
        #expect(problem?.contains(feature) == true)
    }

    @Test func whatRunsHasNoProblem() throws {
        #expect(RunSupport.problem(try F.definition()) == nil)
        let twice = F.filter("BETWEEN", ["DATA_TYPE": "int", "LOWER_BOUND": "1", "UPPER_BOUND": "9"])
        #expect(RunSupport.problem(try F.definition(["tasks": [F.projection, twice, Self.mapAll]])) == nil)
        let complete: JSONValue = [
            "triggerType": "Scheduled",
            "triggerProperties": ["Scheduled": ["scheduleExpression": "rate(1days)", "dataPullMode": "Complete"]],
        ]
        #expect(RunSupport.problem(try F.definition(["triggerConfig": complete])) == nil)
    }
}
