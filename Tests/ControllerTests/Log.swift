// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import FlowStore
import JSON
import Kafka
import PostgreSQL
import TestSupport

@testable import Controller

/// A partition of commands, made by hand, and what became of it in the store.
enum Log {
    static let applier = BatchApplier(epoch: "epoch", source: "/test")

    static func id(_ number: Int) -> String {
        let digits = String(number)
        return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    static func move(from: Int, to: Int) -> OffsetStore.Move {
        OffsetStore.Move(topic: "commands", partition: 0, from: Int64(from), to: Int64(to))
    }

    static func clear(_ connection: PostgresConnection) throws {
        try connection.script(
            "TRUNCATE flows, live_runs, run_history, command_outcomes, consumer_offsets, outbox CASCADE")
    }

    static func begin(_ connection: PostgresConnection) throws {
        _ = try OffsetStore.load(connection, epoch: "epoch", partitions: [("commands", 0, 0)])
    }

    static func position(_ connection: PostgresConnection) throws -> Int {
        Int(try OffsetStore.load(connection, epoch: "epoch", partitions: [("commands", 0, 0)])[0])
    }

    // MARK: Messages

    static func message(_ offset: Int, kind: String, value: String) -> Inbound {
        Inbound(
            KafkaMessage(
                topic: "commands", partition: 0, offset: Int64(offset), key: Array("key".utf8),
                value: Array(value.utf8),
                headers: [KafkaHeader(name: "ce_type", value: kind)], timestampMilliseconds: 0))
    }

    static func command(
        _ offset: Int, _ operation: String, _ name: String, token: String? = nil, expired: Bool = false,
        replyTo: String? = nil, isAsync: Bool = false
    ) -> Inbound {
        let input: JSONObject = [
            "flowName": .string(name), "description": .string("number \(offset)"),
            "triggerConfig": ["triggerType": "OnDemand"],
            "sourceFlowConfig": [
                "connectorType": "S3", "sourceConnectorProperties": ["S3": ["bucketName": "in", "bucketPrefix": "x"]],
            ],
            "destinationFlowConfigList": [
                ["connectorType": "S3", "destinationConnectorProperties": ["S3": ["bucketName": "out"]]]
            ],
            "tasks": [["taskType": "Map_all"]],
        ]
        var command = Command(
            id: id(offset), operation: operation, account: "123456789012", region: "us-east-1", principal: "arn:me",
            flowName: name, token: token, digest: "d", replyTo: replyTo, expiresAt: expired ? 0 : .max, input: input)
        command.isAsync = isAsync
        return message(offset, kind: "millrace.command.v1", value: command.encoded().serializedString())
    }

    static func event(_ offset: Int, _ kind: RunEvent.Kind, flow: Int, run: Int) -> Inbound {
        let event = RunEvent(
            kind: kind, account: "123456789012", flowUUID: id(flow), flowName: "a", runID: id(run), attempt: 1,
            sequence: kind.isEnd ? RunEvent.endSequence : 1, queuedAt: 5, startedAt: 6, occurredAt: 7,
            figures: RunFigures(), message: "")
        return message(offset, kind: "millrace.run-event.v1", value: event.encoded().serializedString())
    }

    /// Commands on a few flows, in a random order that is the same for the same seed.
    static func random(_ count: Int, seed: UInt64) -> [Inbound] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        func pick(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        let operations = [
            "CreateFlow", "CreateFlow", "UpdateFlow", "StartFlow", "StartFlow", "CancelFlowExecutions", "DeleteFlow",
        ]
        return (0..<count).map { offset in
            command(
                offset, operations[pick(operations.count)], "flow\(pick(3))",
                token: pick(4) == 0 ? "token\(pick(3))" : nil, replyTo: "api-1")
        }
    }

    static func dump(_ connection: PostgresConnection) throws -> [String] {
        try [
            "SELECT uuid, name, version, revision, description FROM flows ORDER BY uuid",
            "SELECT flow_uuid, revision, definition FROM flow_definitions ORDER BY 1, 2",
            "SELECT run_id, flow_uuid, revision, state FROM live_runs ORDER BY 1",
            "SELECT run_id, flow_uuid, revision, state FROM run_history ORDER BY 1",
            "SELECT operation, scope, token, response FROM command_outcomes ORDER BY 1, 2, 3",
            "SELECT value::json ->> 'run' FROM outbox ORDER BY 1",
            "SELECT next_offset FROM consumer_offsets",
        ].flatMap { try connection.lines($0) }
    }
}
