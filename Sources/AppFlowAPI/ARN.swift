// SPDX-License-Identifier: Apache-2.0

/// Amazon resource names of this service: `arn:aws:appflow:{region}:{account}:{type}/{name}`.
public enum ARN {
    /// The parts of a resource name of this service.
    public struct Parts: Sendable, Equatable {
        public let region: String
        public let account: String
        public let kind: Kind
        public let name: String
    }

    /// What a resource name names; the raw value is its spelling.
    public enum Kind: String, Sendable {
        case flow
        case connectorProfile = "connectorprofile"
        case connector
    }

    public static func flow(region: String, account: String, name: String) -> String {
        make(.flow, region: region, account: account, name: name)
    }

    public static func connectorProfile(region: String, account: String, name: String) -> String {
        make(.connectorProfile, region: region, account: account, name: name)
    }

    /// The name of a registered custom connector.
    public static func connector(region: String, account: String, label: String) -> String {
        make(.connector, region: region, account: account, name: label)
    }

    /// The parts of a resource name of this service, nil for any other text. The name may hold slashes, as connector
    /// profiles' names do.
    public static func parse(_ text: String) -> Parts? {
        let fields = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0] == "arn", fields[1] == "aws", fields[2] == "appflow" else { return nil }
        let resource = fields[5].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard resource.count == 2, let kind = Kind(rawValue: String(resource[0])), !resource[1].isEmpty,
            !fields[3].isEmpty, !fields[4].isEmpty
        else { return nil }
        return Parts(
            region: String(fields[3]), account: String(fields[4]), kind: kind, name: String(resource[1]))
    }

    private static func make(_ kind: Kind, region: String, account: String, name: String) -> String {
        "arn:aws:appflow:\(region):\(account):\(kind.rawValue)/\(name)"
    }
}
