// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import AppFlowAPI

@Suite struct OlderShapesTests {
    private func validated(_ operation: String, _ body: String) throws -> JSONValue {
        let found = try #require(APIOperation.named(operation))
        return .object(try RequestValidator.validate(operation: found, uriMembers: [:], body: Array(body.utf8)))
    }

    private func validated(_ replacements: JSONObject) throws -> JSONValue {
        try validated("CreateFlow", JSONValue.object(FlowFixtures.input(replacements)).serializedString())
    }

    @Test(arguments: PublishedSamples.all.indices, ["CreateFlow", "UpdateFlow"])
    func publishedSamplesAreRead(_ index: Int, _ operation: String) throws {
        let (union, body) = PublishedSamples.all[index]
        let input = try validated(operation, body)
        let definition = try FlowDefinition(input: try #require(input.objectValue))
        #expect(input["sourceFlowConfig"]?["sourceConnectorProperties"]?[union]?["object"]?.stringValue != nil)
        #expect(definition.source.unionKey == union)
        let destination = try #require(definition.destinations.first?.s3)
        #expect((destination.bucketName, destination.bucketPrefix) == ("BucketName", "BucketKey"))
        if definition.trigger.type == "Scheduled" {
            #expect(definition.trigger.properties["Scheduled"]?["scheduleExpression"] == "rate(1minutes)")
        }
        if union == "Marketo" { #expect(definition.tasks.first?.operatorName(for: union) == "BETWEEN") }
        #expect(definition.kmsArn == nil)
        // What goes back is in the model's words alone.
        let echoed = JSONValue.object(FlowRendering.echoedDefinition(try #require(input.objectValue)))
        #expect(echoed["sourceFlowConfig"]?["sourceConnectorProperties"]?.objectValue?.keys == [union])
        #expect(echoed["sourceFlowConfig"]?["connectorLabel"] == nil && echoed["useDefaultEncryption"] == nil)
    }

    /// Every connector of every union, whatever its case.
    @Test(arguments: [
        "SourceConnectorProperties", "DestinationConnectorProperties", "ConnectorOperator",
        "ConnectorProfileProperties", "ConnectorProfileCredentials",
    ])
    func unionsKnowTheirConnectorsInAnyCase(_ name: String) throws {
        let model = ServiceModel.shared
        let place = try #require(model.shapesByName[name])
        guard case .structure(let union) = model.shapes[place].kind else {
            Issue.record("\(name) is no structure")
            return
        }
        #expect(union.members.count > 10)
        for member in union.members {
            let older = OlderShapes.rewritten([member.name.lowercased(): ["a": 1]], shape: place)
            #expect(older == [member.name: ["a": 1]])
        }
    }

    /// Examples of CreateConnectorProfile: passed over, `oauthRequest` would take the authorization code with it.
    @Test(arguments: ["oauthRequest", "oAuthRequest"])
    func theAuthorizationCodeOfAProfileIsFound(_ name: String) throws {
        let input = try validated(
            "CreateConnectorProfile",
            """
            {"connectorProfileName": "p", "connectorType": "Salesforce", "connectionMode": "Public", "connectorProfileConfig":
              {"connectorProfileProperties": {"salesforce": {}},
               "connectorProfileCredentials": {"salesforce": {"\(name)": {"authCode": "code", "redirectUri": null}}}}}
            """)
        let credentials = input["connectorProfileConfig"]?["connectorProfileCredentials"]
        #expect(credentials?["Salesforce"]?["oAuthRequest"]?["authCode"] == "code")
    }

    @Test func typesInCapitalsAreConnectors() throws {
        #expect(try validated("DescribeConnector", #"{"connectorType": "SAPODATA"}"#)["connectorType"] == "SAPOData")
        let several = try validated("DescribeConnectors", #"{"connectorTypes": ["CUSTOMCONNECTOR", "S3"]}"#)
        #expect(several["connectorTypes"] == ["CustomConnector", "S3"])
        for other in ["customconnector", "NOCONNECTOR"] {
            #expect(throws: APIError.self) { try validated("DescribeConnector", #"{"connectorType": "\#(other)"}"#) }
        }
    }

    @Test func theModelsNameGoesBeforeTheOlderOne() throws {
        let both: JSONValue = ["s3": ["bucketName": "old"], "S3": ["bucketName": "new", "bucketPrefix": "p"]]
        let input = try validated([
            "sourceFlowConfig": ["connectorType": "S3", "sourceConnectorProperties": both]
        ])
        let properties = input["sourceFlowConfig"]?["sourceConnectorProperties"]
        #expect(properties?["S3"]?["bucketName"] == "new")
        let null: JSONValue = ["s3": ["bucketName": "old", "bucketKey": "k", "bucketPrefix": "p"], "S3": nil]
        let other = try validated([
            "sourceFlowConfig": ["connectorType": "S3", "sourceConnectorProperties": null]
        ])
        let own = other["sourceFlowConfig"]?["sourceConnectorProperties"]?["S3"]
        #expect(own?["bucketName"] == "old" && own?["bucketPrefix"] == "p")
    }

    /// Constraints hold for older shapes, too, at the model's names.
    @Test func whatWasRewrittenIsChecked() throws {
        let error = #expect(throws: APIError.self) {
            try validated([
                "sourceFlowConfig": [
                    "connectorType": "S3", "sourceConnectorProperties": ["s3": ["bucketName": "x", "bucketKey": "k"]],
                ]
            ])
        }
        #expect(error?.message.contains("sourceFlowConfig.sourceConnectorProperties.S3.bucketName") == true)
    }

    @Test func textsForBooleansAndEveryFormOfTime() throws {
        #expect(try validated("DeleteFlow", #"{"flowName":"ab","forceDelete":"true"}"#)["forceDelete"] == true)
        let times: [JSONValue] = [1_650_978_000, 1_650_978_000.25, "2022-04-26T13:00:00Z", "2022-04-26T13:00:00-07:00"]
        for time in times {
            let input = try validated([
                "triggerConfig": [
                    "triggerType": "Scheduled",
                    "triggerProperties": [
                        "scheduledTriggerProperties": [
                            "scheduleExpression": "rate(1minutes)", "scheduleStartTime": time, "timezone": nil,
                        ]
                    ],
                ]
            ])
            let echoed = JSONValue.object(FlowRendering.echoedDefinition(try #require(input.objectValue)))
            let scheduled = echoed["triggerConfig"]?["triggerProperties"]?["Scheduled"]
            #expect(scheduled?["scheduleStartTime"]?.doubleValue.map { $0 >= 1_650_978_000 } == true, "\(time)")
            #expect(scheduled?["timezone"] == nil)
        }
    }

    @Test func keyAndCatalogAreEchoed() throws {
        let catalog: JSONValue = [
            "glueDataCatalog": [
                "roleArn": "arn:aws:iam::123456789012:role/r", "databaseName": "d", "tablePrefix": "t",
            ]
        ]
        let key: JSONValue = "arn:aws:kms:us-east-1:123456789012:key/k"
        let input = try validated(["metadataCatalogConfig": catalog, "kmsArn": key])
        let echoed = FlowRendering.echoedDefinition(try #require(input.objectValue))
        #expect(echoed["metadataCatalogConfig"] == catalog && echoed["kmsArn"] == key)
    }
}
