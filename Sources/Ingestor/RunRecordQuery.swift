// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import JSON

/// The members of DescribeFlowExecutionRecords that AppFlow's model does not have: `executionIds`, `executionStatus`,
/// `startedFrom`, `startedBefore`. SDKs cannot send them; plain HTTP can.
enum RunRecordQuery {
    /// Of a list: as many as CancelFlowExecutions takes ids.
    private static let maximumItems = 100

    private static let states: [String: [RunState]] = [
        "InProgress": [.queued, .inProgress], "CancelStarted": [.cancelStarted], "Successful": [.successful],
        "Error": [.error], "Canceled": [.canceled],
    ]

    static func filter(_ input: JSONObject) throws(APIError) -> RunRecordFilter {
        var filter = RunRecordFilter()
        if let value = input["executionIds"] {
            guard let items = value.arrayValue, items.allSatisfy({ $0.stringValue != nil }) else {
                throw refusal("executionIds", "Member must be a list of texts")
            }
            try checkCount(items, "executionIds")
            // What is no UUID is the id of no run.
            filter.runIDs = Set(items.compactMap { $0.stringValue?.lowercased() }).filter(isUUID).sorted()
        }
        if let value = input["executionStatus"] {
            let names = value.arrayValue ?? [value]
            try checkCount(names, "executionStatus")
            var wanted: Set<RunState> = []
            for name in names {
                guard let found = states[name.stringValue ?? ""] else {
                    let known = states.keys.sorted().joined(separator: ", ")
                    throw refusal("executionStatus", "Member must satisfy enum value set: [\(known)]")
                }
                wanted.formUnion(found)
            }
            filter.states = wanted.sorted { $0.rawValue < $1.rawValue }
        }
        filter.startedFrom = try moment("startedFrom", input)
        filter.startedBefore = try moment("startedBefore", input)
        return filter
    }

    private static func checkCount(_ items: [JSONValue], _ name: String) throws(APIError) {
        if items.count > maximumItems {
            throw refusal(name, "Member must have length less than or equal to \(maximumItems)")
        }
    }

    private static func moment(_ name: String, _ input: JSONObject) throws(APIError) -> Int64? {
        guard let value = input[name] else { return nil }
        guard let microseconds = WireTimestamp.parse(value) else { throw refusal(name, "Member must be a timestamp") }
        return microseconds
    }

    private static func refusal(_ name: String, _ constraint: String) -> APIError {
        .validation("1 validation error detected: Value at '\(name)' failed to satisfy constraint: \(constraint)")
    }

    private static func isUUID(_ text: String) -> Bool {
        let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard groups.map({ $0.count }) == [8, 4, 4, 4, 12] else { return false }
        return groups.joined().allSatisfy { byte in
            let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            return isDigit || byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f")
        }
    }
}
