// SPDX-License-Identifier: Apache-2.0

/// A custom connector that an account registered. Times are microseconds since 1970 by the database's clock.
public struct ConnectorRegistration: VersionedRecord {
    public var uuid: String
    public var account: String
    /// The `connectorLabel`.
    public var name: String
    /// Of the row: grows with each change of it.
    public var version: Int64
    public var description: String?
    /// `LAMBDA`, so far.
    public var provisioningType: String
    /// `connectorProvisioningConfig` as it was sent: a JSON object.
    public var provisioningConfig: String
    public var createdAt: Int64
    public var updatedAt: Int64
    public var createdBy: String
    public var updatedBy: String

    public init(
        uuid: String, account: String, name: String, version: Int64, description: String?, provisioningType: String,
        provisioningConfig: String, createdAt: Int64, updatedAt: Int64, createdBy: String, updatedBy: String
    ) {
        self.uuid = uuid
        self.account = account
        self.name = name
        self.version = version
        self.description = description
        self.provisioningType = provisioningType
        self.provisioningConfig = provisioningConfig
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.createdBy = createdBy
        self.updatedBy = updatedBy
    }
}
