// SPDX-License-Identifier: Apache-2.0
public import AWSClient
import Cryptography
public import FlowDomain
public import JSON
import Unsealing

/// Opens the credentials of connector profiles. The one place in the service where they are in the clear: whoever gets them
/// keeps them out of logs, errors and files.
public struct ProfileSecrets: Sendable {
    /// How long KMS may take to unwrap a key.
    private static let patienceMilliseconds = 10_000

    private let keys: UnsealingKeys
    private let kms: KMSClient?

    /// - Parameters:
    ///   - privateKeysFile: a PEM file of all private keys that credentials may be sealed for.
    ///   - kms: unwraps the credentials of profiles that name a key; nil where there is none.
    public init(privateKeysFile path: String, kms: KMSClient?) throws {
        self.init(keys: try UnsealingKeys(path: path), kms: kms)
    }

    init(keys: UnsealingKeys, kms: KMSClient? = nil) {
        self.keys = keys
        self.kms = kms
    }

    /// The ids of the keys it has.
    public var keyIDs: Set<String> { keys.keyIDs }

    /// `connectorProfileCredentials` as the client sent them; nil for a profile without any. Waits for KMS where they
    /// are wrapped.
    /// - Throws: `KMSError` where KMS does not unwrap them, which may be worth another attempt; `SealingKeyError`.
    public func credentials(
        of profile: ProfileRecord, isCancelled: () -> Bool = { false }
    ) throws -> JSONObject? {
        guard let text = profile.sealedCredentials else { return nil }
        let envelope = try unwrapped(text, profile, isCancelled)
        var secret = try keys.open(envelope, context: profile.sealingContext)
        defer { SecretBytes.wipe(&secret) }
        // What does not parse is not quoted either.
        guard let credentials = try? JSONValue.parse(secret).objectValue else {
            throw SealingKeyError("the credentials are not a JSON object")
        }
        return credentials
    }

    private func unwrapped(
        _ text: String, _ profile: ProfileRecord, _ isCancelled: () -> Bool
    ) throws -> SealedEnvelope {
        if let envelope = SealedEnvelope(text: text) { return envelope }
        guard let wrapped = WrappedEnvelope(text: text) else {
            throw SealingKeyError("the stored credentials are not an envelope that this version knows")
        }
        guard let kmsArn = profile.kmsArn else {
            throw SealingKeyError("the credentials are wrapped, and their profile names no KMS key")
        }
        guard let kms else {
            throw SealingKeyError("the credentials are wrapped with \(kmsArn), and no endpoint of KMS is configured")
        }
        var dataKey = try kms.decrypt(
            wrapped.wrappedKey, key: kmsArn,
            context: ProfileRecord.encryptionContext(account: profile.account, name: profile.name),
            timeoutMilliseconds: Self.patienceMilliseconds, isCancelled: isCancelled)
        defer { SecretBytes.wipe(&dataKey) }
        return try wrapped.open(dataKey: dataKey, wrappingKey: kmsArn, context: profile.sealingContext)
    }
}
