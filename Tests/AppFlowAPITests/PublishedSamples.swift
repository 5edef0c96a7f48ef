// SPDX-License-Identifier: Apache-2.0

/// Requests in the form of those that AWS publishes for CreateFlow and UpdateFlow (API reference, "Examples"): the
/// connectors in lower case, `bucketKey`, `scheduledTriggerProperties`, members that the model does not know.
enum PublishedSamples {
    private static let destination = """
        "destinationFlowConfigList": [{
          "connectorType": "S3", "connectorProfileName": "Test", "connectorLabel": "MyCustomConnector",
          "destinationConnectorProperties": {"s3": {"bucketName": "BucketName", "bucketKey": "BucketKey"}}}]
        """
    private static let schedule = """
        "triggerConfig": {"triggerType": "Scheduled", "triggerProperties": {
          "scheduledTriggerProperties" : {"scheduleExpression" : "rate(1minutes)"}}}
        """
    private static let onDemand = #""triggerConfig": {"triggerType": "OnDemand"}"#

    private static let urlTask = """
        "tasks": [{"destinationField": "url", "sourceFields": ["url"],
          "taskProperties": {"SOURCE_DATA_TYPE": "integer"}, "taskType": "Map"}]
        """

    private static func source(_ type: String, _ key: String, _ object: String) -> String {
        """
        "sourceFlowConfig": {"connectorType": "\(type)", "connectorProfileName": "Connector_Profile_Name",
          "connectorLabel": "MyCustomConnector",
          "sourceConnectorProperties": {"\(key)": {"object": "\(object)"}}}
        """
    }

    private static func sample(_ name: String, _ parts: String...) -> String {
        "{\"useDefaultEncryption\": false, \"kmsArn\": null, \"flowName\": \"\(name)\", \"description\": \"TestFlow\", "
            + parts.joined(separator: ", ") + "}"
    }

    /// The connector's member in the model, and the request. Each also with another trigger.
    static let all: [(union: String, body: String)] = [schedule, onDemand].flatMap { trigger in
        [
            (
                "Salesforce",
                sample(
                    "testFlowSaleforce", trigger, source("Salesforce", "salesforce", "account"), destination,
                    """
                    "tasks": [
                      {"sourceFields": ["CreatedDate"], "taskProperties": {}, "destinationField": "CreatedDate",
                       "taskType": "Map"},
                      {"destinationField": "LastActivityDate", "sourceFields": ["LastActivityDate"],
                       "taskProperties": {}, "taskType": "Map"}]
                    """)
            ),
            (
                "Zendesk",
                sample("testFlowZendesk", trigger, source("Zendesk", "zendesk", "tickets"), destination, urlTask)
            ),
            (
                "GoogleAnalytics",
                sample(
                    "testFlowGAnalytics", trigger, source("Googleanalytics", "googleanalytics", "ObjectID"),
                    destination, urlTask)
            ),
            (
                "Marketo",
                sample(
                    "testMarketo", trigger, source("Marketo", "marketo", "leads"), destination,
                    """
                    "tasks": [
                      {"connectorOperator": {"marketo":"BETWEEN"}, "sourceFields": ["updatedAt"], "taskProperties": {
                         "DATA_TYPE": "datetime", "LOWER_BOUND": "Lower_Bound_value", "UPPER_BOUND": "Upper_Bound_value"},
                       "taskType": "Filter"},
                      {"destinationField": "company", "sourceFields": ["company"],
                       "taskProperties": {"SOURCE_DATA_TYPE": "string"}, "taskType": "Map"}]
                    """)
            ),
        ]
    }
}
