// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Glibc
import Observability
import Synchronization

/// What the callbacks of one librdkafka client work on. The client's configuration holds one retained reference, which is
/// released after `rd_kafka_destroy` has returned.
final class ClientContext: Sendable {
    let limiter: LogLimiter
    private let logger: Logger
    private let label: String
    /// Set once the client reported a fatal error.
    let fatal = Atomic<Bool>(false)
    /// Of a producer.
    let completions = CompletionTable()
    /// Of a consumer.
    let consumer = ConsumerLink()

    init(_ kind: ClientKind, _ logger: Logger) {
        self.logger = logger
        label = kind.label
        limiter = LogLimiter(logger)
    }

    /// Installs the callbacks; the caller keeps this object alive while the client lives.
    func install(_ configuration: OpaquePointer, _ kind: ClientKind) {
        rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(self).toOpaque())
        rd_kafka_conf_set_log_cb(configuration, logCallback)
        rd_kafka_conf_set_error_cb(configuration, errorCallback)
        switch kind {
        case .producer: rd_kafka_conf_set_dr_msg_cb(configuration, deliveryCallback)
        case .consumer:
            rd_kafka_conf_set_rebalance_cb(configuration, rebalanceCallback)
            rd_kafka_conf_set_offset_commit_cb(configuration, commitCallback)
        case .admin, .host: break
        }
    }

    /// Runs on librdkafka's threads; must not call back into it.
    func log(level: Int32, facility: String, text: String) {
        // Notices about the configuration and the course of connections are for whoever debugs; so is the retry that a
        // young cluster asks of its first idempotent producer.
        if level > 4 || facility == "CONFWARN" || facility == "GETPID" {
            logger.debug("kafka \(label)", [.reason: "\(facility): \(text)"])
        } else {
            limiter.warn(facility, "kafka \(label)", [.reason: "\(facility): \(text)"])
        }
    }

    func report(_ error: KafkaError) {
        if error.isFatal { fatal.store(true, ordering: .sequentiallyConsistent) }
        limiter.warn(error.name, "kafka \(label)", [.error: error.name, .reason: error.reason])
    }

    fileprivate static func of(_ opaque: UnsafeMutableRawPointer) -> ClientContext {
        Unmanaged<ClientContext>.fromOpaque(opaque).takeUnretainedValue()
    }
}

/// The way from a callback to its consumer.
final class ConsumerLink: @unchecked Sendable {
    // @unchecked: touched only by the thread that uses the consumer: callbacks run inside its calls. `close` clears it
    // before the thread that closes the client starts.
    weak var consumer: KafkaConsumer?
}

private func logCallback(
    _ client: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?
) {
    guard let client, let opaque = rd_kafka_opaque(client), let facility, let text else { return }
    ClientContext.of(opaque).log(level: level, facility: String(cString: facility), text: String(cString: text))
}

private func errorCallback(
    _ client: OpaquePointer?, _ code: Int32, _ reason: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let opaque else { return }
    let text = reason.map { String(cString: $0) }
    ClientContext.of(opaque).report(KafkaError(rd_kafka_resp_err_t(rawValue: code), text))
}

private func deliveryCallback(
    _ client: OpaquePointer?, _ message: UnsafePointer<rd_kafka_message_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let opaque, let message else { return }
    let key = Int(bitPattern: message.pointee._private)
    guard let completion = ClientContext.of(opaque).completions.take(key) else { return }
    let code = message.pointee.err
    completion(code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code))
}

private func rebalanceCallback(
    _ client: OpaquePointer?, _ code: rd_kafka_resp_err_t,
    _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let opaque, let consumer = ClientContext.of(opaque).consumer.consumer, let partitions else {
        // Closing: what is not answered is never closed.
        rd_kafka_assign(client, nil)
        return
    }
    if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
        consumer.assigned(partitions)
    } else {
        consumer.revoked()
    }
}

private func commitCallback(
    _ client: OpaquePointer?, _ code: rd_kafka_resp_err_t,
    _ offsets: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let opaque, code != RD_KAFKA_RESP_ERR_NO_ERROR, code != RD_KAFKA_RESP_ERR__NO_OFFSET else { return }
    let error = KafkaError(code)
    ClientContext.of(opaque).limiter.warn("commit", "kafka commit failed", [.error: error.name, .reason: error.reason])
}
