// SPDX-License-Identifier: Apache-2.0
import Observability

/// `millrace api`
enum APICommand {
    static let metricsListen = Setting.metricsListen(port: 9101)
    static let subcommand = Subcommand(
        name: "api", summary: "takes requests in: the AppFlow API over HTTP",
        settings: Setting.api + [.database] + Setting.kafka + [metricsListen] + Setting.process
    ) { settings in
        RoleProcess.prepareSignals()
        let process = RoleProcess(logger: try settings.logger(role: "api"))
        let wiring = Wiring(settings: settings, process: process)
        let role = try wiring.startAPI(
            database: settings.database(role: "api"), kafka: nil, authentication: try wiring.authentication())
        return try process.run([role], settings: settings, metricsListen: metricsListen)
    }
}

/// `millrace controller`
enum ControllerCommand {
    static let metricsListen = Setting.metricsListen(port: 9102)
    static let subcommand = Subcommand(
        name: "controller", summary: "applies commands and run events to the flow store",
        settings: [.database, .retentionDays] + Setting.quotas + Setting.kafka + [metricsListen] + Setting.process
    ) { settings in
        RoleProcess.prepareSignals()
        let process = RoleProcess(logger: try settings.logger(role: "controller"))
        let role = try Wiring(settings: settings, process: process).startController(
            database: settings.database(role: "controller"), kafka: nil)
        return try process.run([role], settings: settings, metricsListen: metricsListen)
    }
}

/// `millrace worker`
enum WorkerCommand {
    static let metricsListen = Setting.metricsListen(port: 9103)
    static let subcommand = Subcommand(
        name: "worker", summary: "executes runs: moves records from sources to destinations",
        settings: Setting.runs + Setting.objectStores + [.kmsEndpoint, .region, .database] + Setting.kafka + [
            metricsListen
        ]
            + Setting.process
    ) { settings in
        RoleProcess.prepareSignals()
        let process = RoleProcess(logger: try settings.logger(role: "worker"))
        let role = try Wiring(settings: settings, process: process).startWorker(
            database: settings.database(role: "worker"), kafka: nil)
        return try process.run([role], settings: settings, metricsListen: metricsListen)
    }
}
