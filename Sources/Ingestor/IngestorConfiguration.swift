// SPDX-License-Identifier: Apache-2.0
public import AWSClient
public import Cryptography
public import HTTPServer
public import PostgreSQL

/// Who may call the API.
public enum AuthenticationMode: Sendable, Equatable {
    /// Nobody is asked; only on loopback.
    case none
    /// Signature Version 4 against the keys of this file.
    case credentialsFile(String)
}

/// How an api instance works.
public struct IngestorConfiguration: Sendable {
    public var server: HTTPServerConfiguration
    public var database: PostgresConfiguration
    public var authentication: AuthenticationMode
    /// The account of requests that name none.
    public var account: String
    public var region: String
    /// Names this instance: outcomes are sent to it by this name.
    public var instance: String
    /// How long a client waits for the outcome of its command.
    public var commandDeadlineMilliseconds: Int
    /// Commands that may wait for their outcome at the same time.
    public var maximumPending: Int
    /// Threads that read from the database.
    public var readers: Int
    /// A read that has not had its turn within this time is answered with 503.
    public var readPatienceMilliseconds: Int
    /// A read that takes longer in the database is ended there.
    public var readStatementMilliseconds: Int
    /// Whether AppFlow's own limits bind where Millrace is more generous.
    public var isStrict: Bool
    /// What credentials are sealed with; without keys none are taken.
    public var sealing: SealingKeys?
    /// What wraps the credentials of profiles that name a key; nil: nothing does.
    public var keyManagement: KMSClient?
    /// Threads that seal credentials, each of which uses 16 MiB while it does.
    public var sealers: Int
    /// How long a request with credentials may take until its command is sent, the lookup of its key and KMS included;
    /// then it is answered with 503.
    public var sealingPatienceMilliseconds: Int

    public init(
        server: HTTPServerConfiguration, database: PostgresConfiguration, authentication: AuthenticationMode,
        account: String, region: String, instance: String, commandDeadlineMilliseconds: Int = 10_000,
        maximumPending: Int = 10_000, readers: Int = 4, readPatienceMilliseconds: Int = 5_000,
        readStatementMilliseconds: Int = 5_000, isStrict: Bool = false, sealing: SealingKeys? = nil,
        keyManagement: KMSClient? = nil, sealers: Int = 2, sealingPatienceMilliseconds: Int = 5_000
    ) {
        self.server = server
        self.database = database
        self.authentication = authentication
        self.account = account
        self.region = region
        self.instance = instance
        self.commandDeadlineMilliseconds = commandDeadlineMilliseconds
        self.maximumPending = maximumPending
        self.readers = readers
        self.readPatienceMilliseconds = readPatienceMilliseconds
        self.readStatementMilliseconds = readStatementMilliseconds
        self.isStrict = isStrict
        self.sealing = sealing
        self.keyManagement = keyManagement
        self.sealers = sealers
        self.sealingPatienceMilliseconds = sealingPatienceMilliseconds
    }
}
