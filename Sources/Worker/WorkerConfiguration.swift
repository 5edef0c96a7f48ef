// SPDX-License-Identifier: Apache-2.0
public import Connectors
public import FlowDomain
public import PostgreSQL

/// How a worker works.
public struct WorkerConfiguration: Sendable {
    public var database: PostgresConfiguration
    /// Names this instance as the owner of its leases.
    public var instance: String
    /// Runs executed at the same time.
    public var slots: Int
    /// How long a claim lasts unless it is renewed; a dead worker's runs are taken over after this.
    public var leaseMilliseconds: Int
    public var attempts: AttemptPolicy
    public var objectStores: S3Settings
    /// For fault tests: after a manifest is stored, a file of this name is made and the run waits until it is gone.
    public var pauseAfterManifest: String?
    /// Opens the credentials of connector profiles; nil where no keys were given.
    public var secrets: ProfileSecrets?

    public init(
        database: PostgresConfiguration, instance: String, slots: Int, leaseMilliseconds: Int, attempts: AttemptPolicy,
        objectStores: S3Settings, pauseAfterManifest: String? = nil, secrets: ProfileSecrets? = nil
    ) {
        self.database = database
        self.instance = instance
        self.slots = slots
        self.leaseMilliseconds = leaseMilliseconds
        self.attempts = attempts
        self.objectStores = objectStores
        self.pauseAfterManifest = pauseAfterManifest
        self.secrets = secrets
    }
}
