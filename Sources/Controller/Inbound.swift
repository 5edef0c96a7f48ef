// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Kafka
import RoleSupport

/// A message that came, read once.
struct Inbound: Sendable {
    enum Content: Sendable {
        case command(Command)
        case runEvent(RunEvent)
        /// Cannot be read: it goes to the dead letters.
        case unreadable(reason: String, asker: CommandAsker? = nil)
    }

    let message: KafkaMessage
    let content: Content

    var partition: KafkaPartition { KafkaPartition(topic: message.topic, partition: message.partition) }

    init(_ message: KafkaMessage) {
        self.message = message
        content = Self.read(message)
    }

    private static func read(_ message: KafkaMessage) -> Content {
        guard let kind = Envelope.kind(of: message) else { return .unreadable(reason: "unknown message type") }
        guard let bytes = message.value else { return .unreadable(reason: "the message has no value") }
        do {
            let value = try JSONValue.parse(bytes)
            switch kind {
            case .command:
                do {
                    return .command(try Command(decoding: value))
                } catch {
                    return .unreadable(reason: "\(error)", asker: CommandAsker(reading: value))
                }
            case .runEvent: return .runEvent(try RunEvent(decoding: value))
            default: return .unreadable(reason: "a message of type \(kind.rawValue) does not belong on this topic")
            }
        } catch let error as JSONParseError {
            return .unreadable(reason: "not JSON: \(error.reason) at byte \(error.offset)")
        } catch {
            return .unreadable(reason: "\(error)")
        }
    }
}
