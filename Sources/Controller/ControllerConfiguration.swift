// SPDX-License-Identifier: Apache-2.0
public import PostgreSQL

/// How a controller works.
public struct ControllerConfiguration: Sendable {
    public var database: PostgresConfiguration
    /// Names this instance in messages and logs.
    public var instance: String
    /// Messages applied in one transaction, at most.
    public var batchLimit: Int
    /// Days that ended runs are kept.
    public var retentionDays: Int

    public init(database: PostgresConfiguration, instance: String, batchLimit: Int = 2_000, retentionDays: Int = 90) {
        self.database = database
        self.instance = instance
        self.batchLimit = batchLimit
        self.retentionDays = retentionDays
    }
}
