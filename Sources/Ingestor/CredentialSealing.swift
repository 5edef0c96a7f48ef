// SPDX-License-Identifier: Apache-2.0
import AWSClient
import AppFlowAPI
import Cryptography
import FlowDomain
import JSON
import Observability
import Threading

/// Makes commands of requests that may hold credentials: with the credentials sealed for the workers, and wrapped by
/// KMS where the profile names a key and an endpoint is configured.
struct CredentialSealing: Sendable {
    /// Without keys no credentials are taken.
    let keys: SealingKeys?
    let kms: KMSClient?
    let logger: Logger
    /// Ends a call to KMS early.
    let isCancelled: @Sendable () -> Bool

    /// What the controllers get of a request: members that are known to hold no secret, and the sealed credentials.
    /// Nothing else of it goes on, so that a credential under another name goes nowhere either. Waits for KMS.
    /// - Parameters:
    ///   - kmsArn: the profile's key.
    ///   - deadline: monotonic milliseconds.
    func command(
        _ input: JSONObject, _ caller: Caller, kmsArn: String?, deadline: Int
    ) throws(APIError) -> JSONObject {
        var command: JSONObject = [:]
        for member in Self.openMembers { command[member] = input[member] }
        let properties = ProfileRules.knownProperties(input)
        command["properties"] = properties
        guard let member = try ProfileRules.credentialsMember(input),
            let credentials = input["connectorProfileConfig"]?["connectorProfileCredentials"]
        else { return command }
        guard let keys else {
            throw .validation(
                "This service has no key to seal credentials with, so it does not take any: "
                    + "MILLRACE_SEALING_PUBLIC_KEYS_FILE has to be set.")
        }
        let name = input["connectorProfileName"]?.stringValue ?? ""
        let context = ProfileRecord.sealingContext(
            account: caller.account, name: name, properties: properties.serializedString())
        var secret = credentials.serialized()
        defer { SecretBytes.wipe(&secret) }
        guard let envelope = try? keys.seal(secret, context: context) else {
            throw .internalServer("The credentials cannot be sealed.")
        }
        var text = envelope.text
        if let kms, let kmsArn {
            var dataKey = try self.dataKey(
                kms, kmsArn, ProfileRecord.encryptionContext(account: caller.account, name: name), deadline)
            defer { dataKey.wipe() }
            text =
                WrappedEnvelope(
                    envelope, dataKey: dataKey.plaintext, wrappedKey: dataKey.wrapped, wrappingKey: kmsArn,
                    context: context
                ).text
        }
        command["credentialsKey"] = .string(member)
        command["sealedCredentials"] = .string(text)
        return command
    }

    private static let openMembers = [
        "connectorProfileName", "kmsArn", "connectorType", "connectorLabel", "connectionMode", "clientToken",
    ]

    private func dataKey(
        _ kms: KMSClient, _ kmsArn: String, _ context: [String: String], _ deadline: Int
    ) throws(APIError) -> DataKey {
        let left = deadline - MonotonicClock.milliseconds
        guard left > 0 else { throw .busy }
        do throws(KMSError) {
            return try kms.generateDataKey(
                kmsArn, context: context, timeoutMilliseconds: left, isCancelled: isCancelled)
        } catch {
            logger.warning("KMS made no key to wrap credentials with", [.error: "\(error)"])
            throw Self.translated(error, kmsArn)
        }
    }

    /// An error of KMS as a client sees it. CreateConnectorProfile and UpdateConnectorProfile have no
    /// AccessDeniedException in AppFlow's model, so that a key that cannot be used is a ValidationException.
    static func translated(_ error: KMSError, _ kmsArn: String) -> APIError {
        switch error.kind {
        case .denied: .validation("The service may not use the KMS key \(kmsArn): it needs kms:GenerateDataKey.")
        case .unknownKey: .validation("The KMS key \(kmsArn) does not exist.")
        case .disabledKey: .validation("The KMS key \(kmsArn) is disabled or about to be deleted.")
        case .unusableKey, .wrongCiphertext:
            .validation(
                "The KMS key \(kmsArn) cannot be used to encrypt credentials"
                    + (error.code.isEmpty ? "." : ": \(error.code)."))
        case .misconfigured: .internalServer("The service is not set up to use KMS.")
        case .unavailable: .unavailable("KMS did not answer in time. Please try again.", retryAfterSeconds: 2)
        }
    }
}
