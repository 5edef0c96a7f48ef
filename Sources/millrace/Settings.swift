// SPDX-License-Identifier: Apache-2.0
import AWSClient
import Connectors
import FlowDomain
import Foundation
import Kafka
import Observability
import PostgreSQL

/// What is wrong with the command line or the environment: one line, exit status 64 (EX_USAGE of sysexits.h).
struct UsageError: Error {
    let text: String
}

/// The configuration of a role: flags, then the environment, then defaults.
struct Settings {
    private let known: [Setting]
    private let values: [String: String]

    /// - Throws: `UsageError` for a flag that the role does not know or that lacks its value.
    init(_ known: [Setting], arguments: [String], environment: [String: String]) throws {
        self.known = known
        var values: [String: String] = [:]
        for setting in known {
            if let value = environment[setting.variable], !value.isEmpty { values[setting.variable] = value }
        }
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            var name = argument
            var value: String?
            if let equals = argument.firstIndex(of: "=") {
                name = String(argument[..<equals])
                value = String(argument[argument.index(after: equals)...])
            }
            guard let setting = known.first(where: { $0.flag == name }) else {
                throw UsageError(text: "unknown argument \(name)")
            }
            guard let given = value ?? rest.popFirst() else { throw UsageError(text: "\(name) needs a value") }
            values[setting.variable] = given
        }
        self.values = values
    }

    /// The value, or the default; empty when there is neither.
    func text(_ setting: Setting) -> String { values[setting.variable] ?? setting.defaultValue }

    func optional(_ setting: Setting) -> String? {
        let value = text(setting)
        return value.isEmpty ? nil : value
    }

    func integer(_ setting: Setting, _ range: ClosedRange<Int>) throws -> Int {
        guard let value = Int(text(setting)), range.contains(value) else {
            throw UsageError(
                text: "\(setting.variable) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// The quotas: as set, else AppFlow's where it is strict, else none.
    func quotas() throws -> Quotas {
        var quotas = try flag(.strict) ? Quotas.appFlow : Quotas()
        if optional(.flowQuota) != nil { quotas.flows = try integer(.flowQuota, 0...1_000_000_000) }
        if optional(.profileQuota) != nil { quotas.profiles = try integer(.profileQuota, 0...1_000_000_000) }
        return quotas
    }

    func flag(_ setting: Setting) throws -> Bool {
        switch text(setting).lowercased() {
        case "on", "true", "yes", "1": return true
        case "off", "false", "no", "0": return false
        default: throw UsageError(text: "\(setting.variable) must be on or off")
        }
    }

    func address(_ setting: Setting) throws -> (host: String, port: Int) {
        let value = text(setting)
        guard let colon = value.lastIndex(of: ":"), let port = Int(value[value.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw UsageError(text: "\(setting.variable) must be of the form address:port") }
        var host = String(value[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" { host = "127.0.0.1" }
        if host.isEmpty || host == "*" { host = "0.0.0.0" }
        return (host, port)
    }

    func logger(role: String) throws -> Logger {
        guard let level = LogLevel(name: text(.logLevel)) else {
            throw UsageError(text: "MILLRACE_LOG_LEVEL must be debug, info, warning or error")
        }
        return Logger(role: role, level: level)
    }

    func instance(role: String) throws -> String {
        let name = optional(.instance) ?? "\(role)-\(ProcessInfo.processInfo.hostName)-\(getpid())"
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isPlain && name.utf8.count <= 150 else {
            throw UsageError(text: "MILLRACE_INSTANCE must be of at most 150 printable ASCII characters")
        }
        return name
    }

    func database(role: String) -> PostgresConfiguration {
        Self.database(connectionString: text(.database), role: role)
    }

    /// The roles' statements touch few rows each, by key.
    static func database(connectionString: String, role: String) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(
            connectionString: connectionString, applicationName: "millrace-\(role)")
        configuration.plansByIndex = true
        return configuration
    }

    func kafka(instance: String) throws -> KafkaConfiguration {
        var properties: [String: String] = [:]
        var text = text(.kafkaProperties)
        var semicolonSeparates = true
        if text.hasPrefix("@") {
            let path = String(text.dropFirst())
            guard let content = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw UsageError(text: "KAFKA_PROPERTIES names a file that cannot be read: \(path)")
            }
            text = content
            // A line is a property, whatever is in its value: a password may hold a semicolon.
            semicolonSeparates = false
        }
        for line in text.split(whereSeparator: {
            $0 == "\n" || $0 == "\r\n" || (semicolonSeparates && $0 == ";")
        }) {
            let entry = line.trimmingCharacters(in: .whitespaces)
            if entry.isEmpty || entry.hasPrefix("#") { continue }
            guard let equals = entry.firstIndex(of: "=") else {
                throw UsageError(text: "KAFKA_PROPERTIES must be of the form name=value;name=value")
            }
            let name = entry[..<equals].trimmingCharacters(in: .whitespaces)
            properties[name] = entry[entry.index(after: equals)...].trimmingCharacters(in: .whitespaces)
        }
        return KafkaConfiguration(
            brokers: self.text(.brokers), clientID: instance, topicPrefix: self.text(.topicPrefix),
            properties: properties)
    }

    func objectStores() throws -> S3Settings {
        do {
            return try S3Settings(environment: environment(Setting.objectStores + [.region]))
        } catch {
            throw UsageError(text: "\(error)")
        }
    }

    /// The key management service that credentials are wrapped by; nil where no endpoint is configured.
    func keyManagement() throws -> KMSClient? {
        do {
            return try KMSClient(environment: environment(Setting.keyManagement + [.region]))
        } catch {
            throw UsageError(text: "\(error)")
        }
    }

    private func environment(_ settings: [Setting]) -> [String: String] {
        var environment: [String: String] = [:]
        for setting in settings { environment[setting.variable] = optional(setting) }
        return environment
    }

    /// The folder of the migrations: as configured, else beside the program or in its source tree.
    func migrationsFolder() throws -> String {
        if let folder = optional(.migrations) { return folder }
        let manager = FileManager.default
        var candidates: [String] = []
        if let program = try? manager.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            var folder = (program as NSString).deletingLastPathComponent
            while folder != "/" && !folder.isEmpty {
                candidates.append(folder + "/migrations")
                candidates.append(folder + "/share/millrace/migrations")
                folder = (folder as NSString).deletingLastPathComponent
            }
        }
        candidates += [manager.currentDirectoryPath + "/migrations", "/usr/share/millrace/migrations"]
        for candidate in candidates
        where manager.fileExists(atPath: candidate + "/0001_flow_store.sql") { return candidate }
        throw UsageError(text: "the migrations were not found: set MILLRACE_MIGRATIONS")
    }
}
