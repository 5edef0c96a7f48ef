// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPServer
import Observability

/// A subcommand: what it is called, what it can be told, and what it does.
struct Subcommand: Sendable {
    let name: String
    let summary: String
    let settings: [Setting]
    /// Answers the exit status.
    let body: @Sendable (Settings) throws -> Int32
}

/// The program: finds the subcommand, reads its settings, runs it.
enum CommandLineTool {
    static let subcommands: [Subcommand] = [
        APICommand.subcommand, ControllerCommand.subcommand, WorkerCommand.subcommand, MigrateCommand.subcommand,
        BrokerCommand.subcommand, DevCommand.subcommand, HealthCommand.subcommand, KeysCommand.subcommand,
    ]

    /// - Returns: the exit status: 0, 1 for a failure, 64 for wrong usage or configuration.
    static func run(_ arguments: [String]) -> Int32 {
        guard let first = arguments.first, first != "--help", first != "-h", first != "help" else {
            print(overview)
            return arguments.isEmpty ? 64 : 0
        }
        guard let subcommand = subcommands.first(where: { $0.name == first }) else {
            return complain("unknown subcommand \(first); see millrace --help")
        }
        let rest = Array(arguments.dropFirst())
        if rest.contains("--help") || rest.contains("-h") {
            print(help(subcommand))
            return 0
        }
        do {
            let settings = try Settings(
                subcommand.settings, arguments: rest, environment: ProcessInfo.processInfo.environment)
            return try subcommand.body(settings)
        } catch let error as UsageError {
            return complain(error.text)
        } catch {
            FileHandle.standardError.write(Data("millrace: \(error)\n".utf8))
            return 1
        }
    }

    private static func complain(_ text: String) -> Int32 {
        FileHandle.standardError.write(Data("millrace: \(text)\n".utf8))
        return 64
    }

    private static var overview: String {
        let width = subcommands.map { $0.name.count }.max() ?? 0
        let lines = subcommands.map {
            "  \($0.name.padding(toLength: width + 2, withPad: " ", startingAt: 0))\($0.summary)"
        }
        return "usage: millrace SUBCOMMAND [--flag value …]\n\n" + lines.joined(separator: "\n")
            + "\n\nmillrace SUBCOMMAND --help lists what it can be told, by flag or by environment variable."
    }

    private static func help(_ subcommand: Subcommand) -> String {
        var text = "usage: millrace \(subcommand.name) [--flag value …]\n\n\(subcommand.summary)\n"
        for setting in subcommand.settings where !setting.isHidden {
            text += "\n  \(setting.flag), \(setting.variable)\n      \(setting.help)"
            if !setting.defaultValue.isEmpty { text += " (default: \(setting.defaultValue))" }
        }
        return text
    }
}
