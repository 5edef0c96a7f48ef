// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Threading

@testable import Kafka

/// A real broker from KAFKA_HOME, in a folder and on ports of its own.
final class ApacheBroker {
    static let home = ProcessInfo.processInfo.environment["KAFKA_HOME"]
    static let clusterID = "MkU3OEVBNTcwNTJENDM2Qk"

    let configuration: KafkaConfiguration
    private let folder: TemporaryFolder
    private let home: String
    private var process: Process?

    init() throws {
        home = try #require(ApacheBroker.home)
        folder = try TemporaryFolder()
        let ports = try ApacheBroker.freePorts(2)
        configuration = KafkaConfiguration(brokers: "127.0.0.1:\(ports[0])", clientID: "test", topicPrefix: "p.")
        let properties = """
            process.roles=broker,controller
            node.id=1
            controller.quorum.voters=1@127.0.0.1:\(ports[1])
            controller.listener.names=CONTROLLER
            listeners=PLAINTEXT://127.0.0.1:\(ports[0]),CONTROLLER://127.0.0.1:\(ports[1])
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
            log.dirs=\(folder.path)/data
            auto.create.topics.enable=false
            offsets.topic.replication.factor=1
            offsets.topic.num.partitions=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            group.initial.rebalance.delay.ms=0
            broker.session.timeout.ms=2000
            broker.heartbeat.interval.ms=500
            """
        try properties.write(toFile: folder.path + "/server.properties", atomically: true, encoding: .utf8)
        let format = try run(
            "kafka-storage.sh", ["format", "-t", ApacheBroker.clusterID, "-c", folder.path + "/server.properties"])
        format.waitUntilExit()
        try #require(format.terminationStatus == 0)
        try start()
    }

    deinit { kill() }

    func start() throws {
        process = try run("kafka-server-start.sh", [folder.path + "/server.properties"])
    }

    /// kill -9: the start script has replaced itself by the broker.
    func kill() {
        signal(SIGKILL)
        process?.waitUntilExit()
        process = nil
    }

    func signal(_ number: Int32) {
        if let process { Glibc.kill(process.processIdentifier, number) }
    }

    /// Waits until the broker answers.
    func endpoint() throws -> KafkaEndpoint {
        try KafkaConnection(configuration, logger: quiet).resolve(timeoutMilliseconds: 60_000)
    }

    private func run(_ script: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: home + "/bin/" + script)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["LOG_DIR": folder.path + "/logs", "KAFKA_HEAP_OPTS": "-Xmx256m"]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Ports that were free a moment ago, none twice.
    private static func freePorts(_ count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let status = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
                }
            }
            try #require(status)
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }
}
