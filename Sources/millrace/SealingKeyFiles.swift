// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Foundation
import Worker

/// The two files of a key pair that credentials are sealed with: the public keys for the api, the private ones for the
/// workers.
struct SealingKeyFiles: Sendable {
    let publicKeys: String
    let privateKeys: String

    init(publicKeys: String, privateKeys: String) {
        self.publicKeys = publicKeys
        self.privateKeys = privateKeys
    }

    /// Those that `dev` keeps beside its data.
    init(folder: String) {
        self.init(publicKeys: folder + "/sealing-public.pem", privateKeys: folder + "/sealing-private.pem")
    }

    /// Makes a pair unless there is one.
    func makeOnce() throws {
        let manager = FileManager.default
        if manager.fileExists(atPath: privateKeys) {
            // The public keys follow from the private ones, whatever became of their file.
            if !manager.fileExists(atPath: publicKeys) {
                for key in try X25519PEM.privateKey.read(path: privateKeys) { try appendPublicKey(of: key) }
            }
            return
        }
        try addPair()
    }

    /// Adds a new pair, the private key first: what is sealed for the public one can be opened.
    /// - Returns: the new key's id.
    @discardableResult
    func addPair() throws -> String {
        let key = X25519.makePrivateKey()
        try Self.append(X25519PEM.privateKey.encode(key), to: privateKeys, mode: 0o600)
        return try appendPublicKey(of: key)
    }

    @discardableResult
    private func appendPublicKey(of key: [UInt8]) throws -> String {
        guard let publicKey = X25519.publicKey(of: key) else { throw SealingKeyError("a private key is not good") }
        try Self.append(X25519PEM.publicKey.encode(publicKey), to: publicKeys, mode: 0o644)
        return SealedEnvelope.keyID(ofPublicKey: publicKey)
    }

    private static func append(_ text: String, to path: String, mode: mode_t) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode)
        guard file >= 0 else { throw SealingKeyError("\(path) cannot be written (errno \(errno))") }
        let bytes = Array(text.utf8)
        let written = write(file, bytes, bytes.count)
        let flushed = fsync(file)
        guard close(file) == 0, flushed == 0, written == bytes.count else {
            throw SealingKeyError("\(path) cannot be written (errno \(errno))")
        }
    }

    // MARK: Reading

    /// The api's keys: those that are configured, else those of `files`; nil where there are neither.
    static func publicKeys(_ settings: Settings, _ files: SealingKeyFiles?) throws -> SealingKeys? {
        guard let path = settings.optional(.sealingPublicKeys) ?? files?.publicKeys else { return nil }
        do {
            return try SealingKeys(path: path)
        } catch {
            throw UsageError(text: "\(Setting.sealingPublicKeys.variable): \(error)")
        }
    }

    /// The workers' keys, likewise.
    static func secrets(_ settings: Settings, _ files: SealingKeyFiles?) throws -> ProfileSecrets? {
        guard let path = settings.optional(.sealingPrivateKeys) ?? files?.privateKeys else { return nil }
        let kms = try settings.keyManagement()
        do {
            return try ProfileSecrets(privateKeysFile: path, kms: kms)
        } catch {
            throw UsageError(text: "\(Setting.sealingPrivateKeys.variable): \(error)")
        }
    }
}
