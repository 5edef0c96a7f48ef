// SPDX-License-Identifier: Apache-2.0

/// How much an account may have; nil for as much as it likes. Commands of one account that are applied at the same moment
/// by several controllers do not see each other: an account may come to have a few more.
public struct Quotas: Sendable, Equatable {
    public var flows: Int?
    /// Connector profiles.
    public var profiles: Int?

    /// What AppFlow allows an account by default.
    public static let appFlow = Quotas(flows: 1_000, profiles: 100)

    public init(flows: Int? = nil, profiles: Int? = nil) {
        self.flows = flows
        self.profiles = profiles
    }
}
