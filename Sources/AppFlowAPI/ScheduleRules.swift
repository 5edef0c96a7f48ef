// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The rules for the trigger properties of scheduled flows, and for pulling what is new.
enum ScheduleRules {
    /// - Parameter fastest: the most frequent schedule that the source allows.
    static func problems(_ definition: FlowDefinition, fastest: Connector.Frequency) -> [String] {
        guard let properties = definition.trigger.properties["Scheduled"]?.objectValue else {
            return ["TriggerProps is required for Scheduled Trigger Type."]
        }
        var problems = expressionProblems(properties, definition, fastest)
        let start = properties["scheduleStartTime"].flatMap(WireTimestamp.parse)
        let end = properties["scheduleEndTime"].flatMap(WireTimestamp.parse)
        if let start, let end, end <= start {
            problems.append("scheduleEndTime must be later than scheduleStartTime.")
        }
        return problems + pullProblems(properties, definition)
    }

    private static func expressionProblems(
        _ properties: JSONObject, _ definition: FlowDefinition, _ fastest: Connector.Frequency
    ) -> [String] {
        let text = properties["scheduleExpression"]?.stringValue ?? ""
        guard let expression = ScheduleExpression(text) else {
            return [
                "The schedule expression '\(MessageText.truncated(text))' is not valid. "
                    + "Valid are rate(5minutes) and cron(0 1 * * ? *)"
            ]
        }
        guard let seconds = expression.leastSeconds, seconds < fastest.seconds else { return [] }
        return [
            "The schedule expression \(text) is too frequent: flows from \(definition.source.connectorType) run at most "
                + "once per \(fastest.unit)."
        ]
    }

    private static func pullProblems(_ properties: JSONObject, _ definition: FlowDefinition) -> [String] {
        guard properties["dataPullMode"]?.stringValue == "Incremental",
            let pull = definition.source.incrementalPullConfig,
            pull["datetimeTypeFieldName"]?.stringValue?.isEmpty == true
        else { return [] }
        return ["datetimeTypeFieldName must not be empty for incremental pulls."]
    }
}
