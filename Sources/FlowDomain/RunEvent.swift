// SPDX-License-Identifier: Apache-2.0
public import JSON

/// Something that happened to a run, as it travels from workers to the controllers on the topic `run-events`.
public struct RunEvent: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case started, progress, succeeded, failed, cancelled

        public var isEnd: Bool { self == .succeeded || self == .failed || self == .cancelled }

        /// The state a run is in once this happened.
        public var state: RunState {
            switch self {
            case .started, .progress: .inProgress
            case .succeeded: .successful
            case .failed: .error
            case .cancelled: .canceled
            }
        }

        public init?(endState: RunState) {
            switch endState {
            case .successful: self = .succeeded
            case .error: self = .failed
            case .canceled: self = .cancelled
            default: return nil
            }
        }
    }

    public let kind: Kind
    public let account: String
    public let flowUUID: String
    public let flowName: String
    public let runID: String
    public let attempt: Int64
    /// Grows within an attempt; an end has the greatest.
    public let sequence: Int64
    /// Microseconds since 1970.
    public let queuedAt: Int64
    public let startedAt: Int64?
    public let occurredAt: Int64
    public let figures: RunFigures
    /// For people; empty while the run goes.
    public let message: String

    /// The sequence of every end: nothing of the attempt comes after it.
    public static let endSequence = Int64.max

    public init(
        kind: Kind, account: String, flowUUID: String, flowName: String, runID: String, attempt: Int64, sequence: Int64,
        queuedAt: Int64, startedAt: Int64?, occurredAt: Int64, figures: RunFigures, message: String
    ) {
        self.kind = kind
        self.account = account
        self.flowUUID = flowUUID
        self.flowName = flowName
        self.runID = runID
        self.attempt = attempt
        self.sequence = sequence
        self.queuedAt = queuedAt
        self.startedAt = startedAt
        self.occurredAt = occurredAt
        self.figures = figures
        self.message = message
    }

    /// The message key: events of one flow stay in order.
    public var key: String { flowUUID }

    /// The CloudEvents id: sent twice, it is the same event.
    public var eventID: String { "\(runID)/\(attempt)/\(sequence)" }

    public func encoded() -> JSONValue {
        var object = JSONObject()
        object["kind"] = .string(kind.rawValue)
        object["account"] = .string(account)
        object["flow"] = .string(flowUUID)
        object["flowName"] = .string(flowName)
        object["run"] = .string(runID)
        object["attempt"] = .number(JSONNumber(Int(attempt)))
        object["sequence"] = .number(JSONNumber(Int(sequence)))
        object["queuedAt"] = .number(JSONNumber(Int(queuedAt)))
        if let startedAt { object["startedAt"] = .number(JSONNumber(Int(startedAt))) }
        object["occurredAt"] = .number(JSONNumber(Int(occurredAt)))
        object["records"] = .number(JSONNumber(Int(figures.records)))
        object["bytesRead"] = .number(JSONNumber(Int(figures.bytesRead)))
        object["bytesWritten"] = .number(JSONNumber(Int(figures.bytesWritten)))
        object["message"] = .string(message)
        return .object(object)
    }

    public init(decoding value: JSONValue) throws(MessageError) {
        let fields = try MessageFields(value)
        guard let kind = Kind(rawValue: try fields.string("kind")) else {
            throw MessageError("member kind names no event")
        }
        self.kind = kind
        account = try fields.string("account")
        flowUUID = try fields.uuid("flow")
        flowName = try fields.string("flowName")
        runID = try fields.uuid("run")
        attempt = try fields.int("attempt")
        sequence = try fields.int("sequence")
        queuedAt = try fields.int("queuedAt")
        startedAt = try fields.optionalInt("startedAt")
        occurredAt = try fields.int("occurredAt")
        figures = RunFigures(
            records: try fields.int("records"), bytesRead: try fields.int("bytesRead"),
            bytesWritten: try fields.int("bytesWritten"))
        message = try fields.string("message")
    }
}
