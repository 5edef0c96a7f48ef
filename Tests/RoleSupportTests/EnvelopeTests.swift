// SPDX-License-Identifier: Apache-2.0
import JSON
import Kafka
import RoleSupport
import Testing

@Suite struct EnvelopeTests {
    private let envelope = Envelope(
        id: "7", kind: .command, source: "/millrace/api/one", subject: "1/orders \"ü\"",
        traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

    private func value(_ name: String, _ headers: [KafkaHeader]) -> String? {
        headers.first { $0.name == name }?.value
    }

    @Test func headersAreCloudEventsInBinaryMode() {
        let headers = envelope.headers
        #expect(value("ce_specversion", headers) == "1.0")
        #expect(value("ce_id", headers) == "7")
        #expect(value("ce_type", headers) == "millrace.command.v1")
        #expect(value("ce_source", headers) == "/millrace/api/one")
        #expect(value("ce_subject", headers) == "1/orders \"ü\"")
        #expect(value("content-type", headers) == "application/json")
        #expect(value("traceparent", headers) == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        let time = value("ce_time", headers) ?? ""
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(time)")
        let plain = Envelope(id: "8", kind: .outcomes, source: "s", subject: "t")
        #expect(value("traceparent", plain.headers) == nil)
    }

    /// Through the outbox and back nothing changes.
    @Test func textKeepsTheHeaders() {
        let back = Envelope.headers(fromText: envelope.headersText)
        #expect(back.map { $0.name } == envelope.headers.map { $0.name })
        for header in envelope.headers where header.name != "ce_time" {
            #expect(value(header.name, back) == header.value)
        }
        #expect(Envelope.headers(fromText: "no JSON").isEmpty && Envelope.headers(fromText: "[1]").isEmpty)
    }

    @Test(arguments: [
        ("millrace.run-event.v1", Envelope.Kind.runEvent), ("millrace.run-event.v2", nil), ("", nil), (nil, nil),
    ])
    func theKindOfAMessage(_ type: String?, _ kind: Envelope.Kind?) {
        let message = KafkaMessage(
            topic: "t", partition: 0, offset: 0, key: nil, value: nil,
            headers: type.map { [KafkaHeader(name: "other", value: "x"), KafkaHeader(name: "ce_type", value: $0)] }
                ?? [],
            timestampMilliseconds: 0)
        #expect(Envelope.kind(of: message) == kind)
    }

    @Test func everyTopicIsSpecifiedOnce() {
        let topics = Topics.specifications(partitions: 5, replication: 3)
        #expect(
            Set(topics.map { $0.name }) == [
                Topics.commands, Topics.outcomes, Topics.queries, Topics.runs, Topics.runEvents, Topics.sourceEvents,
                Topics.notifications, Topics.deadLetters,
            ])
        #expect(topics.count == 8)
        for topic in topics {
            #expect(topic.partitions == 5 && topic.replication == 3)
            #expect(topic.settings["max.message.bytes"] == "2097152" && topic.settings["cleanup.policy"] == "delete")
        }
        let hours = Dictionary(
            uniqueKeysWithValues: topics.map { ($0.name, (Int($0.settings["retention.ms"] ?? "") ?? 0) / 3_600_000) })
        #expect(hours[Topics.outcomes] == 1 && hours[Topics.deadLetters] == 24 * 14)
    }
}
