// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
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

    public var quotas: Quotas

    public init(
        database: PostgresConfiguration, instance: String, batchLimit: Int = 2_000, retentionDays: Int = 90,
        quotas: Quotas = Quotas()
    ) {
        self.database = database
        self.instance = instance
        self.batchLimit = batchLimit
        self.retentionDays = retentionDays
        self.quotas = quotas
    }
}
