// SPDX-License-Identifier: Apache-2.0
import Foundation
import Kafka
import Observability
import RoleSupport
import Threading

/// `millrace broker`
enum BrokerCommand {
    private static let exitWithParent = Setting(
        "MILLRACE_EXIT_WITH_PARENT", "off", "on: ends when the process that started it is gone", isHidden: true)

    static let subcommand = Subcommand(
        name: "broker", summary: "the embedded broker: for one machine; it forgets everything when it stops",
        settings: [.brokerFile, .topicPrefix, .partitions, exitWithParent, .logLevel]
    ) { settings in
        guard let file = settings.optional(.brokerFile) else {
            throw UsageError(text: "\(Setting.brokerFile.variable) must name the file to write the address to")
        }
        RoleProcess.prepareSignals()
        let parent = getppid()
        let logger = try settings.logger(role: "broker")
        let prefix = settings.text(.topicPrefix)
        let partitions = try settings.integer(.partitions, 1...1_000)
        let topics = Topics.specifications(partitions: partitions, replication: 1).map {
            (name: prefix + $0.name, partitions: $0.partitions)
        }
        let broker = try EmbeddedBroker(addressFile: file, topics: topics, logger: logger)
        try broker.start()
        logger.info(
            "broker listening", [.address: broker.endpoint?.brokers ?? "", .epoch: broker.endpoint?.epoch ?? ""])
        if try settings.flag(exitWithParent) {
            _ = NamedThread("parent-watch") {
                let pacer = StopSignal()
                while getppid() == parent { pacer.wait(milliseconds: 300) }
                kill(getpid(), SIGTERM)
            }
        }
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        var number: Int32 = 0
        sigwait(&signals, &number)
        broker.stop()
        return 0
    }
}
