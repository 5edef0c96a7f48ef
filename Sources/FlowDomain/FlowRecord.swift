// SPDX-License-Identifier: Apache-2.0

/// AppFlow's `FlowStatus`.
public enum FlowStatus: String, Sendable, CaseIterable {
    case active = "Active"
    case deprecated = "Deprecated"
    case deleted = "Deleted"
    case draft = "Draft"
    case errored = "Errored"
    case suspended = "Suspended"
}

/// A flow as the store holds it. Times are microseconds since 1970 by the database's clock.
public struct FlowRecord: VersionedRecord {
    public var uuid: String
    public var account: String
    public var name: String
    /// Of the row: grows with each change of it.
    public var version: Int64
    /// Of the definition: what `If-Match` compares.
    public var revision: Int64
    /// AppFlow's: grows when mappings, types or partitions change.
    public var schemaVersion: Int64
    public var status: FlowStatus
    public var statusMessage: String?
    public var description: String?
    public var triggerType: String
    public var sourceType: String
    public var destinationType: String
    /// What its runs ask of a worker (`RunCapability`).
    public var capabilities: [String]
    /// JSON object of strings.
    public var tags: String
    public var createdAt: Int64
    public var updatedAt: Int64
    public var createdBy: String
    public var updatedBy: String
    /// The bytes that were sent; nil where they were not loaded.
    public var definition: String?

    public init(
        uuid: String, account: String, name: String, version: Int64, revision: Int64, schemaVersion: Int64,
        status: FlowStatus, statusMessage: String?, description: String?, triggerType: String, sourceType: String,
        destinationType: String, tags: String, createdAt: Int64, updatedAt: Int64, createdBy: String, updatedBy: String,
        definition: String?, capabilities: [String] = [RunCapability.base]
    ) {
        self.uuid = uuid
        self.account = account
        self.name = name
        self.version = version
        self.revision = revision
        self.schemaVersion = schemaVersion
        self.status = status
        self.statusMessage = statusMessage
        self.description = description
        self.triggerType = triggerType
        self.sourceType = sourceType
        self.destinationType = destinationType
        self.capabilities = capabilities
        self.tags = tags
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.createdBy = createdBy
        self.updatedBy = updatedBy
        self.definition = definition
    }
}

/// Names a flow to clients.
public struct FlowKey: Sendable, Hashable {
    public let account: String
    public let name: String

    public init(account: String, name: String) {
        self.account = account
        self.name = name
    }
}

/// A run that has not ended, as far as commands need to know it.
public struct LiveRun: Sendable, Equatable {
    public let runID: String
    public let flowUUID: String
    public var state: RunState
    public let attempt: Int64
    /// Microseconds since 1970.
    public let queuedAt: Int64
    /// Past the point of no return: a cancel comes too late.
    public let hasManifest: Bool

    public init(
        runID: String, flowUUID: String, state: RunState, attempt: Int64, queuedAt: Int64, hasManifest: Bool = false
    ) {
        self.runID = runID
        self.flowUUID = flowUUID
        self.state = state
        self.attempt = attempt
        self.queuedAt = queuedAt
        self.hasManifest = hasManifest
    }
}
