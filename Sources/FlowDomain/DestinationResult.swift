// SPDX-License-Identifier: Apache-2.0
public import AppFlowAPI
import JSON

/// What a run came to at one of several destinations of its flow. Flows with one destination have none of these: there
/// the run's own end says it all.
public struct DestinationResult: Sendable, Equatable {
    public let connectorType: String
    /// For people: `s3://bucket[/prefix]`, or the object of another connector.
    public let place: String
    /// Bytes of the objects that are visible.
    public var bytesWritten: Int64
    /// Records written, those that a filter left out not among them; 0 for a destination that failed.
    public var records: Int64
    /// Why it failed; nil where it did not.
    public private(set) var failure: String?
    /// Files that were not written in full.
    public private(set) var putFailures: Int64 = 0

    public init(_ destination: DestinationDefinition, records: Int64 = 0) {
        connectorType = destination.connectorType
        place = destination.place.storable
        bytesWritten = 0
        self.records = records
    }

    /// Says that it failed: nothing but this message and the bytes that are visible already is told of it then.
    public mutating func fail(_ message: String, putFailures: Int64) {
        failure = message.storable
        records = 0
        self.putFailures = putFailures
    }

    /// For each destination of a flow with several that all fail for the same reason; empty for any other flow.
    public static func all(of definition: FlowDefinition, failing message: String) -> [DestinationResult] {
        guard definition.destinations.count > 1 else { return [] }
        return definition.destinations.map { destination in
            var result = DestinationResult(destination)
            result.fail(message, putFailures: 0)
            return result
        }
    }
}

extension [DestinationResult] {
    /// Names the destinations that failed, with the reason of each; nil where none did.
    public var failureMessage: String? {
        let texts = enumerated().compactMap { index, result in
            result.failure.map { "Destination \(index + 1) of \(count) (\(result.place)) failed: \($0)" }
        }
        return texts.isEmpty ? nil : texts.joined(separator: " ")
    }

    /// Whether there is none that did not fail.
    public var allFailed: Bool { allSatisfy { $0.failure != nil } }
}

// MARK: As stored

extension DestinationResult {
    /// The text that a list is stored as; nil for none.
    public static func encoded(_ results: [DestinationResult]) -> String? {
        results.isEmpty ? nil : json(results).serializedString()
    }

    static func json(_ results: [DestinationResult]) -> JSONValue {
        .array(
            results.map { result in
                var object = JSONObject()
                object["connector"] = .string(result.connectorType)
                object["place"] = .string(result.place)
                object["bytes"] = .number(JSONNumber(Int(result.bytesWritten)))
                object["records"] = .number(JSONNumber(Int(result.records)))
                if let failure = result.failure {
                    object["error"] = .string(failure)
                    object["putFailures"] = .number(JSONNumber(Int(result.putFailures)))
                }
                return .object(object)
            })
    }

    /// Reads what `encoded` wrote.
    public static func decoded(_ text: String) throws(MessageError) -> [DestinationResult] {
        guard let list = (try? JSONValue.parse(Array(text.utf8)))?.arrayValue else {
            throw MessageError("the results of destinations are not a JSON array")
        }
        return try decoded(list)
    }

    static func decoded(_ list: [JSONValue]) throws(MessageError) -> [DestinationResult] {
        var results: [DestinationResult] = []
        for item in list { results.append(try DestinationResult(MessageFields(item))) }
        return results
    }

    private init(_ fields: MessageFields) throws(MessageError) {
        connectorType = try fields.string("connector")
        place = try fields.string("place")
        bytesWritten = try fields.int("bytes")
        records = try fields.int("records")
        failure = try fields.optionalString("error")
        putFailures = try fields.optionalInt("putFailures") ?? 0
    }
}
