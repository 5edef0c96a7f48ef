// SPDX-License-Identifier: Apache-2.0
import Cryptography
import FlowStore
import Observability
import PostgreSQL
import RoleSupport
import Threading

/// What a controller does on the side: forgetting expired outcomes and replaced definitions, turning the months of the history, measuring the
/// backlog. Every controller does it; doing it twice is harmless.
struct Housekeeping {
    private static let everyMilliseconds = 3_000
    private static let historyEveryMilliseconds = 3_600_000
    private static let definitionsPerPage: Int64 = 1_000
    /// Below this a table is small whatever the plan.
    private static let analyzeFromBytes: Int64 = 256 * 1024

    let configuration: ControllerConfiguration
    let metrics: ControllerMetrics
    let logger: Logger
    let stop: StopSignal

    func run() {
        var lastTurn = -Self.historyEveryMilliseconds
        var analyzedSizes: [String: Int64] = [:]
        var definitions = DefinitionSweep(after: UUIDs.v4())
        // Instances that start together spread out.
        stop.wait(milliseconds: Int.random(in: 500...Self.everyMilliseconds))
        while !stop.isRaised {
            do {
                let connection = try PostgresConnection.connect(configuration.database, logger: logger)
                defer { connection.close() }
                while !stop.isRaised {
                    let backlog = try MaintenanceStore.backlog(connection)
                    metrics.backlog.set(Double(backlog.queued), ["queued_runs"])
                    metrics.backlog.set(Double(backlog.inProgress), ["runs_in_progress"])
                    metrics.backlog.set(Double(backlog.outbox), ["outbox_messages"])
                    metrics.backlog.set(Double(backlog.outboxAgeSeconds), ["outbox_age_seconds"])
                    while try MaintenanceStore.purgeOutcomes(connection, limit: 5_000) == 5_000 && !stop.isRaised {}
                    // On at once only where much is found, so that many updates cannot outrun it.
                    while try definitions.next(connection, limit: Self.definitionsPerPage).forgotten
                        > Self.definitionsPerPage / 4 && !stop.isRaised
                    {}
                    try analyzeGrown(connection, &analyzedSizes)
                    let now = MonotonicClock.milliseconds
                    if now - lastTurn >= Self.historyEveryMilliseconds {
                        try MaintenanceStore.turnHistory(connection, retentionDays: Int64(configuration.retentionDays))
                        lastTurn = now
                    }
                    stop.wait(milliseconds: Self.everyMilliseconds)
                }
            } catch {
                logger.debug("housekeeping is put off", [.error: "\(error)"])
                stop.wait(milliseconds: 2_000)
            }
        }
    }

    /// Tables that have doubled since their statistics were made: autovacuum sees to it within minutes, and until then
    /// every statement would go by plans for a small table.
    private func analyzeGrown(_ connection: PostgresConnection, _ analyzed: inout [String: Int64]) throws {
        let sizes = try MaintenanceStore.tableSizes(connection)
        let grown = sizes.filter { $0.value >= Self.analyzeFromBytes && $0.value >= 2 * (analyzed[$0.key] ?? 0) }
        if grown.isEmpty { return }
        try MaintenanceStore.analyze(connection, tables: Array(grown.keys))
        analyzed.merge(grown) { $1 }
    }
}
