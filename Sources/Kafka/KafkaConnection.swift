// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Glibc
public import Observability
import Synchronization
import Threading

/// Finds the broker and notices when the embedded one was started anew. Thread-safe.
public final class KafkaConnection: Sendable {
    private struct State {
        var endpoint: KafkaEndpoint?
        var stamp: AddressFile.Stamp?
    }

    private let configuration: KafkaConfiguration
    private let logger: Logger
    private let state = Mutex(State())

    public init(_ configuration: KafkaConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Reads the address file, waiting for it to appear, or asks the cluster for its id; blocks up to the time-out.
    public func resolve(timeoutMilliseconds: Int) throws(KafkaError) -> KafkaEndpoint {
        let deadline = MonotonicClock.milliseconds + timeoutMilliseconds
        guard let path = configuration.addressFile else { return try askCluster(timeoutMilliseconds) }
        while true {
            if let endpoint = currentEndpoint() { return endpoint }
            guard MonotonicClock.milliseconds < deadline else {
                throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "no embedded broker has written \(path) yet")
            }
            usleep(20_000)
        }
    }

    /// The endpoint as it is now. Embedded: costs one `stat` and reads the file again only when it was replaced; nil while
    /// there is none. Otherwise: what `resolve` last found.
    public func currentEndpoint() -> KafkaEndpoint? {
        guard let path = configuration.addressFile else { return state.withLock { $0.endpoint } }
        let stamp = AddressFile.Stamp(path: path)
        return state.withLock { state in
            if stamp == nil || stamp != state.stamp {
                // An unreadable file is read again next time.
                state.endpoint = AddressFile.read(path)?.endpoint
                state.stamp = state.endpoint == nil ? nil : stamp
            }
            return state.endpoint
        }
    }

    private func askCluster(_ timeoutMilliseconds: Int) throws(KafkaError) -> KafkaEndpoint {
        let unknown = KafkaEndpoint(brokers: configuration.brokers, epoch: "", embedded: false)
        let client = try ClientHandle(.admin, configuration, unknown, logger)
        defer { client.destroy(deadlineMilliseconds: 2000) }
        guard let text = rd_kafka_clusterid(client.pointer, Int32(clamping: timeoutMilliseconds)) else {
            throw KafkaError(
                RD_KAFKA_RESP_ERR__TIMED_OUT, "no Kafka broker answered at \(configuration.brokers)")
        }
        defer { rd_kafka_mem_free(client.pointer, text) }
        let endpoint = KafkaEndpoint(
            brokers: configuration.brokers, epoch: String(cString: text), embedded: false)
        state.withLock { $0.endpoint = endpoint }
        return endpoint
    }
}
