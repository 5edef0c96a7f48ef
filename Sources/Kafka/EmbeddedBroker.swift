import CRdKafka
import Glibc
public import Observability
import Synchronization
import Threading

// SPDX-License-Identifier: Apache-2.0
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Hosts librdkafka's mock cluster, one broker on a loopback port that the system chooses, and writes its address to a
/// file. It keeps messages in memory only, 5 MiB per partition, and aborts the process on some faults of its clients: run
/// it in a process of its own. Thread-safe.
public final class EmbeddedBroker: Sendable {
    private struct Running: @unchecked Sendable {
        // @unchecked: guarded by `running`; librdkafka documents neither pointer as bound to a thread.
        let handle: ClientHandle
        let cluster: OpaquePointer
        let address: AddressFile
    }

    private let addressFile: String
    private let topics: [(name: String, partitions: Int)]
    private let logger: Logger
    private let running = Mutex<Running?>(nil)

    /// - Parameters:
    ///   - addressFile: written by `start`, removed by `stop`.
    ///   - topics: created at the start; names with their prefix.
    public init(addressFile: String, topics: [(name: String, partitions: Int)] = [], logger: Logger) throws(KafkaError)
    {
        guard !addressFile.isEmpty else { throw .configuration("the address file of the broker has no name") }
        for topic in topics where topic.partitions < 1 || topic.name.isEmpty {
            throw .configuration("topic \(topic.name) needs a name and at least one partition")
        }
        self.addressFile = addressFile
        self.topics = topics
        self.logger = logger
    }

    /// The broker's address and epoch while it runs.
    public var endpoint: KafkaEndpoint? { running.withLock { $0?.address.endpoint } }

    /// Listens, creates the topics and then writes the address file. Each start is a new epoch. Does nothing while it
    /// runs.
    public func start() throws(KafkaError) {
        try running.withLock { running throws(KafkaError) in
            guard running == nil else { return }
            let configuration = KafkaConfiguration(brokers: "", clientID: "millrace-broker")
            let handle = try ClientHandle(.host, configuration, nil, logger)
            guard let cluster = rd_kafka_mock_cluster_new(handle.pointer, 1) else {
                handle.destroy(deadlineMilliseconds: 2000)
                throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, "the embedded broker could not listen")
            }
            do throws(KafkaError) {
                running = try publish(handle, cluster)
            } catch {
                rd_kafka_mock_cluster_destroy(cluster)
                handle.destroy(deadlineMilliseconds: 2000)
                throw error
            }
        }
    }

    private func publish(_ handle: ClientHandle, _ cluster: OpaquePointer) throws(KafkaError) -> Running {
        millrace_mock_group_delay(cluster, 100)
        for topic in topics {
            let code = rd_kafka_mock_topic_create(cluster, topic.name, Int32(clamping: topic.partitions), 1)
            // Named twice is created once.
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS else {
                throw KafkaError(code, "the embedded broker could not create topic \(topic.name)")
            }
        }
        let address = AddressFile(
            brokers: String(cString: rd_kafka_mock_cluster_bootstraps(cluster)),
            epoch: UUID().uuidString.lowercased(), pid: getpid())
        try address.write(addressFile)
        logger.info("embedded broker listening", [.address: address.brokers, .epoch: address.epoch])
        return Running(handle: handle, cluster: cluster, address: address)
    }

    /// Forgets everything and stops listening. Removes the address file unless another broker has replaced it. Does
    /// nothing unless it runs.
    public func stop(deadlineMilliseconds: Int = 5000) {
        let stopped = running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let stopped else { return }
        if AddressFile.read(addressFile) == stopped.address { unlink(addressFile) }
        stopped.handle.destroy(deadlineMilliseconds: deadlineMilliseconds) { _ in
            rd_kafka_mock_cluster_destroy(stopped.cluster)
        }
    }
}
