// SPDX-License-Identifier: Apache-2.0

/// A connector profile as the store holds it. Times are microseconds since 1970 by the database's clock.
public struct ProfileRecord: VersionedRecord {
    public var uuid: String
    public var account: String
    public var name: String
    /// Of the row: grows with each change of it.
    public var version: Int64
    public var connectorType: String
    public var connectorLabel: String?
    /// `Public` or `Private`.
    public var connectionMode: String
    /// `connectorProfileProperties` as they were sent: a JSON object.
    public var properties: String
    /// The text of a `SealedEnvelope` or a `WrappedEnvelope`; nil when none were sent.
    public var sealedCredentials: String?
    /// The key that the profile was made with; updates do not change it.
    public var kmsArn: String?
    /// State of the private connection; nil for public ones.
    public var privateConnectionStatus: String?
    public var createdAt: Int64
    public var updatedAt: Int64
    public var createdBy: String
    public var updatedBy: String

    public init(
        uuid: String, account: String, name: String, version: Int64, connectorType: String, connectorLabel: String?,
        connectionMode: String, properties: String, sealedCredentials: String?, kmsArn: String?,
        privateConnectionStatus: String?, createdAt: Int64, updatedAt: Int64, createdBy: String, updatedBy: String
    ) {
        self.uuid = uuid
        self.account = account
        self.name = name
        self.version = version
        self.connectorType = connectorType
        self.connectorLabel = connectorLabel
        self.connectionMode = connectionMode
        self.properties = properties
        self.sealedCredentials = sealedCredentials
        self.kmsArn = kmsArn
        self.privateConnectionStatus = privateConnectionStatus
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.createdBy = createdBy
        self.updatedBy = updatedBy
    }

    /// What credentials are sealed for. The properties are part of it: nobody who may write to the store, but does not know
    /// the credentials, can send them to another address.
    public static func sealingContext(account: String, name: String, properties: String) -> [UInt8] {
        var context = Array("connectorprofile".utf8)
        for part in [account, name, properties] { context += Array("\n\(part.utf8.count) \(part)".utf8) }
        return context
    }

    /// What the data key of credentials is wrapped for, where a key management service does it: its EncryptionContext,
    /// which its policies can ask for and its logs show.
    public static func encryptionContext(account: String, name: String) -> [String: String] {
        ["millrace:account": account, "millrace:connector-profile": name]
    }

    public var sealingContext: [UInt8] {
        Self.sealingContext(account: account, name: name, properties: properties)
    }
}
