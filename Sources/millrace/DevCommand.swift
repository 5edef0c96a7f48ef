// SPDX-License-Identifier: Apache-2.0
import Foundation
import Ingestor
import Kafka
import LocalServices
import Observability
import RoleSupport
import Threading

/// `millrace dev`: everything on one machine with nothing to set up.
enum DevCommand {
    static let metricsListen = Setting.metricsListen(port: 9101)
    /// Nobody is asked who they are: it listens on loopback only.
    private static let authentication = Setting("MILLRACE_AUTH", "none", Setting.authentication.help)
    private static let partitions = Setting("MILLRACE_PARTITIONS", "4", Setting.partitions.help)
    private static let settings: [Setting] =
        [.dataFolder, .listen, authentication, .credentialsFile, .account, .region, .commandSeconds, .migrations]
        + [.sealingPublicKeys] + Setting.quotas + [.topicPrefix, partitions] + Setting.runs
        + [.retentionDays] + Setting.objectStores + [.kmsEndpoint, metricsListen] + Setting.process

    static let subcommand = Subcommand(
        name: "dev", summary: "all roles on the embedded broker and a private PostgreSQL cluster", settings: settings
    ) { settings in
        RoleProcess.prepareSignals()
        let logger = try settings.logger(role: "dev")
        let folder = try dataFolder(settings)
        let buckets = settings.optional(.bucketRoot) ?? folder + "/buckets"
        try FileManager.default.createDirectory(atPath: buckets, withIntermediateDirectories: true)
        let sealing = SealingKeyFiles(folder: folder)
        try sealing.makeOnce()
        let process = RoleProcess(logger: logger)
        let wiring = Wiring(settings: settings, process: process)
        let authentication: AuthenticationMode =
            settings.text(DevCommand.authentication) == "none" ? .none : try wiring.authentication()

        // Bad values are to be found before anything runs that would have to be stopped again.
        _ = try (
            settings.integer(.slots, 1...1_000), settings.integer(.leaseSeconds, 1...3_600),
            settings.integer(.maximumAttempts, 1...100), settings.integer(.shutdownSeconds, 1...3_600),
            settings.integer(.retentionDays, 1...36_500), settings.integer(.commandSeconds, 1...60),
            settings.integer(partitions, 1...1_000), settings.address(.listen), settings.address(metricsListen),
            settings.objectStores(), settings.quotas(), settings.keyManagement()
        )
        let cluster = PrivatePostgres(dataDirectory: folder + "/postgresql", logger: logger)
        try cluster.start()
        let database = Settings.database(connectionString: cluster.connectionString, role: "dev")
        try MigrateCommand.apply(database: database, folder: settings.migrationsFolder(), logger: logger)
        let broker = BrokerKeeper(folder: folder, settings: settings, logger: logger)
        broker.start()
        let kafka = KafkaConfiguration(
            brokers: "file:" + broker.addressFile, clientID: "millrace-dev", topicPrefix: settings.text(.topicPrefix))
        // Stopped in this order: the api waits for the outcomes of what it took in, the workers' last events find a
        // controller.
        var roles = [
            try wiring.startAPI(database: database, kafka: kafka, authentication: authentication, sealing: sealing),
            try wiring.startWorker(database: database, kafka: kafka, bucketRoot: buckets, sealing: sealing),
            try wiring.startController(database: database, kafka: kafka),
        ]
        roles.append(
            RunningRole(readiness: { [] }) { _ in
                broker.shutdown()
                cluster.stop()
            })
        logger.info("dev is up; data in \(folder), buckets in \(buckets)", [.path: folder])
        return try process.run(roles, settings: settings, metricsListen: metricsListen)
    }

    private static func dataFolder(_ settings: Settings) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let folder: String
        if let given = settings.optional(.dataFolder) {
            folder = given
        } else if geteuid() == 0 {
            folder = "/var/lib/millrace"
        } else if let state = environment["XDG_STATE_HOME"], !state.isEmpty {
            folder = state + "/millrace"
        } else {
            folder = NSHomeDirectory() + "/.local/state/millrace"
        }
        let absolute = folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
        do {
            try FileManager.default.createDirectory(atPath: absolute, withIntermediateDirectories: true)
        } catch {
            throw UsageError(text: "MILLRACE_DATA_DIR cannot be made: \(absolute)")
        }
        return absolute
    }
}

/// Keeps the embedded broker running as a process of its own: when it dies, another is started and the roles follow.
final class BrokerKeeper: Sendable {
    let addressFile: String
    private let settings: Settings
    private let logger: Logger
    /// Its own: the broker outlives the roles, which still deliver when they stop.
    private let stop = StopSignal()
    private let threadBox = Mailbox<NamedThread>(capacity: 1)

    init(folder: String, settings: Settings, logger: Logger) {
        addressFile = folder + "/broker.json"
        self.settings = settings
        self.logger = logger
    }

    func start() {
        unlink(addressFile)
        _ = threadBox.offer(NamedThread("broker-keeper") { [self] in keep() })
    }

    func shutdown() {
        stop.raise()
        for thread in threadBox.take(timeoutMilliseconds: 0) { thread.join() }
    }

    private func keep() {
        var environment = ChildProcess.plainEnvironment
        environment["MILLRACE_BROKER_FILE"] = addressFile
        environment["MILLRACE_EXIT_WITH_PARENT"] = "on"
        for setting in [Setting.topicPrefix, .logLevel] { environment[setting.variable] = settings.text(setting) }
        environment["MILLRACE_PARTITIONS"] = settings.text(Setting("MILLRACE_PARTITIONS", "4", ""))
        while !stop.isRaised {
            do {
                let child = try ChildProcess("/proc/self/exe", ["broker"], environment: environment)
                while !stop.isRaised && child.isRunning { stop.wait(milliseconds: 50) }
                if stop.isRaised {
                    _ = child.terminate(timeoutMilliseconds: 3_000)
                } else {
                    logger.warning("the embedded broker ended and is started again")
                    stop.wait(milliseconds: 300)
                }
            } catch {
                logger.error("the embedded broker cannot be started", [.error: "\(error)"])
                stop.wait(milliseconds: 1_000)
            }
        }
    }
}
