// SPDX-License-Identifier: Apache-2.0
import Cryptography
public import FlowDomain
public import JSON
import Unsealing

/// Opens the credentials of connector profiles. The one place in the service where they are in the clear: whoever gets them
/// keeps them out of logs, errors and files.
public struct ProfileSecrets: Sendable {
    private let keys: UnsealingKeys

    /// - Parameter privateKeysFile: a PEM file of all private keys that credentials may be sealed for.
    public init(privateKeysFile path: String) throws { keys = try UnsealingKeys(path: path) }

    init(keys: UnsealingKeys) { self.keys = keys }

    /// The ids of the keys it has.
    public var keyIDs: Set<String> { keys.keyIDs }

    /// `connectorProfileCredentials` as the client sent them; nil for a profile without any.
    public func credentials(of profile: ProfileRecord) throws -> JSONObject? {
        guard let text = profile.sealedCredentials else { return nil }
        guard let envelope = SealedEnvelope(text: text) else {
            throw SealingKeyError("the stored credentials are not an envelope that this version knows")
        }
        let secret = try keys.open(envelope, context: profile.sealingContext)
        // What does not parse is not quoted either.
        guard let credentials = try? JSONValue.parse(secret).objectValue else {
            throw SealingKeyError("the credentials are not a JSON object")
        }
        return credentials
    }
}
