// SPDX-License-Identifier: Apache-2.0

/// What a connector of the catalogue can do: the facts behind DescribeConnectors and behind what CreateFlow refuses.
public struct Connector: Sendable {
    /// As a source of flows.
    public struct Source: Sendable {
        public var triggers: [Trigger] = [.onDemand, .scheduled]
        /// The most frequent schedule.
        public var fastest: Frequency
        /// Types that flows from here may go to.
        public var destinations: [String]
        /// The member of the source's properties that names what is read; nil where the whole place is.
        public var entityMember: String? = "object"
        /// Names of data transfer APIs, and whether each is synchronous, asynchronous or chosen by the service.
        public var dataTransferAPIs: [(name: String, type: String)] = []
    }

    /// As a destination of flows.
    public struct Destination: Sendable {
        /// Empty: those of the source.
        public var onlyTriggers: [Trigger] = []
        public var writeOperations: [String] = ["INSERT"]
        public var entityMember: String? = "object"
    }

    public enum Trigger: String, Sendable, CaseIterable {
        case onDemand = "OnDemand"
        case scheduled = "Scheduled"
        case event = "Event"
    }

    /// From the most frequent.
    public enum Frequency: String, Sendable, CaseIterable {
        case byMinute = "BYMINUTE"
        case hourly = "HOURLY"
        case daily = "DAILY"
        case weekly = "WEEKLY"
        case monthly = "MONTHLY"
        case once = "ONCE"

        /// The shortest time between runs.
        var seconds: Int64 {
            switch self {
            case .byMinute: 60
            case .hourly: 3_600
            case .daily: 86_400
            case .weekly: 7 * 86_400
            case .monthly, .once: 28 * 86_400
            }
        }

        /// This one in words: `minute`.
        var unit: String {
            switch self {
            case .byMinute: "minute"
            case .hourly: "hour"
            case .daily: "day"
            case .weekly: "week"
            case .monthly, .once: "month"
            }
        }
    }

    /// How a profile of the connector authenticates.
    public struct Authentication: Sendable {
        public var basic = false
        public var apiKey = false
        public var oAuth2: OAuth2?
        /// The parameters of a scheme of the vendor's own: names, and whether each is secret.
        public var custom: [(key: String, isSecret: Bool)] = []

        /// No profile: the service's own rights are used.
        public static let none = Authentication()
    }

    public struct OAuth2: Sendable {
        public var scopes: [String] = []
        public var tokenURLs: [String] = []
        public var authCodeURLs: [String] = []
        public var grants: [String] = ["AUTHORIZATION_CODE"]
    }

    /// The value of the enum ConnectorType.
    public let type: String
    /// The product's name.
    public let name: String
    public let description: String
    public var source: Source?
    public var destination: Destination?
    public var authentication = Authentication.none
    public var hasPrivateLink = false
    public var needsPrivateLinkURL = false
    /// From the newest; empty where the vendor's API has no versions.
    public var apiVersions: [String] = []
    public var dataTransferTypes = ["RECORD"]
    /// Regions of the vendor's service that AppFlow reaches; for Snowflake alone.
    public var regions: [String] = []
    /// What ListConnectorEntities answers without asking the vendor, in the format of `ConnectorEntities`.
    public var entities = ""

    /// The member name in unions such as `connectorOperator`.
    public var unionKey: String { ConnectorNames.unionKey(of: type) }

    /// Whether flows name a profile.
    public var needsProfile: Bool { supportsAnyAuthentication }

    /// Who provides it.
    public var owner: String { "AWS" }
    public var version: String { "1.0" }

    /// The operators of the model for this source; none for what is no source.
    public var operators: [String] {
        let model = ServiceModel.shared
        guard case .structure(let structure) = model.shape(named: "ConnectorOperator")?.kind,
            let place = structure.places[unionKey]
        else { return [] }
        return model.shapes[structure.members[place].shape].allowedValues
    }

    /// The triggers of flows from or to here.
    public var triggers: [Trigger] {
        if let source { return source.triggers }
        if let only = destination?.onlyTriggers, !only.isEmpty { return only }
        return Trigger.allCases
    }

    /// The schedules of flows from or to here.
    public var frequencies: [Frequency] {
        guard triggers.contains(.scheduled) else { return [] }
        let fastest = source?.fastest ?? .byMinute
        return Frequency.allCases.filter { $0.seconds >= fastest.seconds }
    }

    public var modes: [String] {
        (source == nil ? [] : ["SOURCE"]) + (destination == nil ? [] : ["DESTINATION"])
    }

    private var supportsAnyAuthentication: Bool {
        authentication.basic || authentication.apiKey || authentication.oAuth2 != nil || !authentication.custom.isEmpty
    }
}
