// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FlowStore
import JSON
import Kafka
import Observability
import PostgreSQL
import RoleSupport
import Threading

/// The one thread of a controller that consumes: poll what is waiting, apply it in one transaction, send what follows.
struct ConsumeLoop {
    private let configuration: ControllerConfiguration
    private let bus: MessageBus
    private let outbox: OutboxPublisher
    private let metrics: ControllerMetrics
    private let status: ControllerStatus
    private let logger: Logger
    private let stop: StopSignal

    private var connection: PostgresConnection?
    private let cursors = PartitionCursors()

    init(
        configuration: ControllerConfiguration, bus: MessageBus, outbox: OutboxPublisher, metrics: ControllerMetrics,
        status: ControllerStatus, logger: Logger, stop: StopSignal
    ) {
        self.configuration = configuration
        self.bus = bus
        self.outbox = outbox
        self.metrics = metrics
        self.status = status
        self.logger = logger
        self.stop = stop
    }

    mutating func run() {
        while let endpoint = bus.awaitEndpoint() {
            do {
                guard let connection = connectToDatabase() else { break }
                if endpoint.embedded { try repairActivity(connection) }
                try consume(endpoint)
            } catch {
                logger.warning("the consumer starts over", [.error: "\(error)"])
                dropConnectionIfBroken()
                stop.wait(milliseconds: 200)
            }
            status.hasJoined = false
        }
        connection?.close()
    }

    private mutating func consume(_ endpoint: KafkaEndpoint) throws {
        let consumer = try KafkaConsumer(
            bus.configuration, endpoint: endpoint, group: "controller", logger: logger)
        defer { consumer.close(deadlineMilliseconds: 5_000) }
        let positions = StoredPositions(
            epoch: endpoint.epoch, database: configuration.database, cursors: cursors, status: status, logger: logger)
        consumer.onOffsetOutOfRange = { positions.recover($0, consumer) }
        consumer.subscribe(
            [Topics.commands, Topics.runEvents],
            onAssign: { positions.assign($0, consumer) },
            onRevoke: { [cursors] partitions, _ in cursors.forget(partitions) })
        var lastCommit = MonotonicClock.milliseconds
        while !stop.isRaised && bus.endpoint == endpoint {
            let messages = try consumer.poll(
                maximumMessages: configuration.batchLimit, timeoutMilliseconds: 250)
            if positions.mustStartOver {
                throw KafkaError(
                    code: -1, name: "_STATE", reason: "a partition's position is unknown", isRetriable: true,
                    isFatal: false)
            }
            if !messages.isEmpty { try process(messages.map(Inbound.init), epoch: endpoint.epoch, consumer: consumer) }
            let now = MonotonicClock.milliseconds
            if now - lastCommit >= 2_000 {
                // The truth is in PostgreSQL; this shows the lag to Kafka's own tools.
                lastCommit = now
                consumer.commit(cursors.all)
            }
        }
    }

    // MARK: Batches

    /// - Throws: when the batch cannot be brought to an end here: the consumer is made anew, at the stored offsets.
    private mutating func process(_ all: [Inbound], epoch: String, consumer: KafkaConsumer) throws {
        let began = MonotonicClock.nanoseconds
        let applier = BatchApplier(epoch: epoch, source: source, quotas: configuration.quotas)
        var waiting = [all]
        var delay = 20
        while let batch = waiting.popLast() {
            // What was applied already, or belongs to a partition that was taken away, is left out.
            let current = batch.filter { cursors.isDue($0) }
            if current.isEmpty { continue }
            guard let connection = connectToDatabase() else { return }
            let moves = cursors.moves(for: current)
            do {
                finish(try applier.apply(current, moves: moves, connection: connection), moves: moves)
            } catch let error as PostgresError {
                switch recovery(from: error) {
                case .split where current.count > 1:
                    // Last in, first out: the earlier half comes first.
                    let half = current.count / 2
                    waiting.append(Array(current[half...]))
                    waiting.append(Array(current[..<half]))
                    continue
                case .split:
                    finish(
                        try bury(current[0], error: error, moves: moves, applier: applier, connection: connection),
                        moves: moves)
                    continue
                case .reposition:
                    metrics.fenced.increment()
                case .reconnect:
                    logger.warning("the database failed; the batch is tried again", [.error: "\(error)"])
                    status.databaseProblem = "\(error)"
                    self.connection?.close()
                    self.connection = nil
                    stop.wait(milliseconds: delay)
                    delay = min(delay * 2, 1_000)
                }
                // Whether a commit that failed happened is unknown, too: the stored offsets tell. Messages of a partition
                // that stands elsewhere come again from there.
                let moved = try reposition(moves, epoch: epoch, consumer: consumer)
                waiting.append(current)
                waiting = waiting.map { $0.filter { !moved.contains($0.partition) } }
            }
            if stop.isRaised { return }
        }
        metrics.commitSeconds.observe(Double(MonotonicClock.nanoseconds - began) / 1e9)
    }

    private enum Recovery { case split, reposition, reconnect }

    private func recovery(from error: PostgresError) -> Recovery {
        if error.kind == .connection || error.kind == .timeout { return .reconnect }
        return StoreGuard.lostRace(error) && error.stepIndex == 0 ? .reposition : .split
    }

    private var source: String { "/millrace/controller/\(configuration.instance)" }

    private func finish(_ committed: BatchApplier.Committed, moves: [OffsetStore.Move]) {
        cursors.advance(moves)
        status.databaseProblem = nil
        send(committed)
        let effects = committed.effects
        AuditLog(logger: logger).write(effects.audit)
        for (operation, succeeded) in effects.applied {
            metrics.commands.increment(by: 1, [operation, succeeded ? "success" : "error"])
        }
        if effects.expired > 0 { metrics.expired.increment(by: effects.expired) }
        if effects.deadLetters > 0 { metrics.deadLetters.increment(by: effects.deadLetters) }
        for move in moves { metrics.messages.increment(by: Int(move.to - move.from), [move.topic]) }
    }

    private func send(_ committed: BatchApplier.Committed) {
        for (replyTo, outcomes) in committed.effects.outcomes {
            for chunk in OutcomeChunks(outcomes) {
                let envelope = Envelope(
                    id: chunk.first?.commandID ?? "", kind: .outcomes, source: source, subject: replyTo)
                bus.send(
                    topic: Topics.outcomes, key: replyTo, headers: envelope.headers,
                    value: Outcome.encodedBatch(chunk).serialized()
                ) { [logger] error in
                    // Whoever waits reads the row when it hears nothing.
                    if let error { logger.warning("an outcome was not delivered", [.error: "\(error)"]) }
                }
            }
        }
        for offer in committed.effects.offers {
            let envelope = Envelope(id: offer.runID, kind: .runOffer, source: source, subject: offer.runID)
            // A lost offer costs a delay: workers look for queued runs themselves.
            bus.send(
                topic: Topics.runs, key: offer.runID, headers: envelope.headers, value: offer.encoded().serialized()
            ) { _ in }
        }
        for row in committed.outboxRows { outbox.publish(row) }
    }

    private func bury(
        _ item: Inbound, error: PostgresError, moves: [OffsetStore.Move], applier: BatchApplier,
        connection: PostgresConnection
    ) throws -> BatchApplier.Committed {
        logger.error(
            "a message cannot be applied and goes to the dead letters",
            [
                .topic: item.message.topic, .partition: String(item.message.partition),
                .offset: String(item.message.offset), .sqlState: error.sqlState ?? "", .error: "\(error)",
            ])
        return try applier.bury(
            item, reason: "the database refuses it: \(error)", moves: moves, connection: connection)
    }

    // MARK: Recovery

    /// Goes to where the store says the partitions are.
    /// - Returns: the partitions that stood elsewhere.
    private mutating func reposition(
        _ moves: [OffsetStore.Move], epoch: String, consumer: KafkaConsumer
    ) throws -> Set<KafkaPartition> {
        guard let connection = connectToDatabase() else { return [] }
        let wanted = moves.map { (topic: $0.topic, partition: $0.partition, low: $0.from) }
        let stored = try OffsetStore.load(connection, epoch: epoch, partitions: wanted)
        var moved: Set<KafkaPartition> = []
        for (move, offset) in zip(moves, stored) where offset != move.from {
            let partition = KafkaPartition(topic: move.topic, partition: move.partition)
            logger.info(
                "another controller moved a partition, or a commit of unknown outcome had happened",
                [.topic: move.topic, .partition: String(move.partition), .offset: String(offset)])
            moved.insert(partition)
            cursors.set(partition, offset)
            consumer.seek(partition, to: offset)
        }
        return moved
    }

    /// A connection, however long it takes; nil when the role is to stop.
    private mutating func connectToDatabase() -> PostgresConnection? {
        dropConnectionIfBroken()
        if let connection { return connection }
        var delay = 50
        while !stop.isRaised {
            do {
                let fresh = try PostgresConnection.connect(configuration.database, logger: logger)
                connection = fresh
                status.databaseProblem = nil
                return fresh
            } catch {
                if status.databaseProblem != "\(error)" {
                    logger.warning("no database", [.error: "\(error)"])
                    status.databaseProblem = "\(error)"
                }
                stop.wait(milliseconds: delay)
                delay = min(delay * 2, 1_000)
            }
        }
        return nil
    }

    private mutating func dropConnectionIfBroken() {
        if let current = connection, current.isBroken {
            current.close()
            connection = nil
        }
    }

    /// A broker that forgot its messages may have taken run events along that no controller had applied: the history
    /// still knows how those runs ended.
    private func repairActivity(_ connection: PostgresConnection) throws {
        while true {
            let events = try MaintenanceStore.unappliedEnds(connection, limit: 500)
            if events.isEmpty { return }
            var activities = try ActivityStore.load(connection, flowUUIDs: Array(Set(events.map { $0.flowUUID })))
            for event in events {
                if activities[event.flowUUID]?.activity.apply(event) == true {
                    activities[event.flowUUID]?.changed = true
                }
            }
            guard let step = ActivityStore.saveStep(activities) else { return }
            if try save(step, connection) {
                logger.info("applied run events that a broker had lost", [.count: String(events.count)])
            }
        }
    }

    /// False when another controller was faster.
    private func save(_ step: (SQLStatement, [SQLValue]), _ connection: PostgresConnection) throws -> Bool {
        do {
            _ = try connection.pipeline([step], transaction: true)
            return true
        } catch {
            if StoreGuard.lostRace(error) { return false }
            throw error
        }
    }
}
