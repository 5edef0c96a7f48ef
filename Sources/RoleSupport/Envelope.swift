// SPDX-License-Identifier: Apache-2.0
import JSON
public import Kafka
import Observability

/// The headers of a message: CloudEvents 1.0 in Kafka's binary mode, and the W3C trace context.
/// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
public struct Envelope: Sendable {
    /// Kinds of messages. A new one is sent only once every live role understands it.
    public enum Kind: String, Sendable {
        case command = "millrace.command.v1"
        case outcomes = "millrace.outcomes.v1"
        case runOffer = "millrace.run-offer.v1"
        case runEvent = "millrace.run-event.v1"
        case deadLetter = "millrace.dead-letter.v1"
    }

    public let id: String
    public let kind: Kind
    public let source: String
    public let subject: String
    public let traceParent: String?

    public init(id: String, kind: Kind, source: String, subject: String, traceParent: String? = nil) {
        self.id = id
        self.kind = kind
        self.source = source
        self.subject = subject
        self.traceParent = traceParent
    }

    public var headers: [KafkaHeader] {
        var headers = [
            KafkaHeader(name: "ce_specversion", value: "1.0"),
            KafkaHeader(name: "ce_id", value: id),
            KafkaHeader(name: "ce_type", value: kind.rawValue),
            KafkaHeader(name: "ce_source", value: source),
            KafkaHeader(name: "ce_time", value: UTCTimestamp.string(milliseconds: UTCTimestamp.nowMilliseconds)),
            KafkaHeader(name: "ce_subject", value: subject),
            KafkaHeader(name: "content-type", value: "application/json"),
        ]
        if let traceParent { headers.append(KafkaHeader(name: "traceparent", value: traceParent)) }
        return headers
    }

    /// The headers as the outbox keeps them.
    public var headersText: String {
        var object = JSONObject()
        for header in headers { object[header.name] = .string(header.value) }
        return JSONValue.object(object).serializedString()
    }

    /// Headers from the outbox's text.
    public static func headers(fromText text: String) -> [KafkaHeader] {
        guard let object = try? JSONValue.parse(Array(text.utf8)).objectValue else { return [] }
        return object.map { KafkaHeader(name: $0.key, value: $0.value.stringValue ?? "") }
    }

    /// The kind of a message that came; nil when it has none or one that this version does not know.
    public static func kind(of message: KafkaMessage) -> Kind? {
        message.headers.first { $0.name == "ce_type" }.flatMap { Kind(rawValue: $0.value) }
    }
}
