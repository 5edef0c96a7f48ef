// SPDX-License-Identifier: Apache-2.0
import Observability

/// `millrace keys`
enum KeysCommand {
    static let subcommand = Subcommand(
        name: "keys", summary: "adds a key pair for sealing credentials to the two files of keys",
        settings: [.sealingPrivateKeys, .sealingPublicKeys]
    ) { settings in
        guard let privateKeys = settings.optional(.sealingPrivateKeys),
            let publicKeys = settings.optional(.sealingPublicKeys)
        else {
            throw UsageError(
                text: "\(Setting.sealingPrivateKeys.variable) and \(Setting.sealingPublicKeys.variable) must name the "
                    + "files to add the keys to")
        }
        print(try SealingKeyFiles(publicKeys: publicKeys, privateKeys: privateKeys).addPair())
        return 0
    }
}
