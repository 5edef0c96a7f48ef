// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Glibc
import Observability
import Synchronization
import Threading

/// A librdkafka client. Destroying it may block for ever when a broker cannot be reached, so that happens on a thread of
/// its own, for which the caller waits no longer than a deadline.
final class ClientHandle: @unchecked Sendable {
    // @unchecked: librdkafka's client is thread-safe by its documentation; the pointer never changes, and whoever calls
    // `destroy` has made sure that nobody uses it any more.
    let pointer: OpaquePointer
    let context: ClientContext
    private let kind: ClientKind
    private let logger: Logger
    private let destroyed = Mutex(false)

    init(
        _ kind: ClientKind, _ configuration: KafkaConfiguration, _ endpoint: KafkaEndpoint?, _ logger: Logger
    ) throws(KafkaError) {
        self.kind = kind
        self.logger = logger
        context = ClientContext(kind, logger)
        let settings = try ClientSettings(kind, configuration, endpoint).makeConfiguration()
        context.install(settings, kind)
        var text = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(kind.type, settings, &text, text.count) else {
            // The configuration is librdkafka's only on success.
            rd_kafka_conf_destroy(settings)
            throw KafkaError(rd_kafka_last_error(), String(errorText: text))
        }
        pointer = client
        // Released by the closing thread.
        _ = Unmanaged.passRetained(context)
    }

    /// Ends the client. Call it once nobody uses `pointer` any more; a second call does nothing.
    ///
    /// - Parameters:
    ///   - deadlineMilliseconds: how long to wait; 0 does not wait.
    ///   - last: what must still be done with the client, on the closing thread.
    /// - Returns: false when the client had not ended in time; it then goes on ending in the background, and a process
    ///   that wants to leave should use `_exit`.
    @discardableResult
    func destroy(deadlineMilliseconds: Int, last: @escaping @Sendable (OpaquePointer) -> Void = { _ in }) -> Bool {
        let first = destroyed.withLock { destroyed in
            defer { destroyed = true }
            return !destroyed
        }
        guard first else { return true }
        let done = Mailbox<Bool>()
        // The thread keeps this object, and so the context, until the client is gone.
        _ = NamedThread("kafka-close") { [self] in
            last(pointer)
            rd_kafka_destroy(pointer)
            Unmanaged.passUnretained(context).release()
            _ = done.offer(true)
        }
        guard deadlineMilliseconds > 0 else { return false }
        let finished = !done.take(timeoutMilliseconds: deadlineMilliseconds).isEmpty
        if !finished {
            logger.warning("kafka \(kind.label) did not close in time", [.milliseconds: String(deadlineMilliseconds)])
        }
        return finished
    }
}
