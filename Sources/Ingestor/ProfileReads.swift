// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import FlowDomain
import FlowStore
import JSON
import PostgreSQL

/// DescribeConnectorProfiles.
enum ProfileReads {
    private static let defaultPage = 20

    static func describe(
        _ input: JSONObject, _ caller: Caller, _ reader: ProfileReader, _ tokens: PageToken
    ) throws -> JSONObject {
        let filter = ProfileReader.Filter(
            names: (input["connectorProfileNames"]?.arrayValue ?? []).compactMap { $0.stringValue },
            connectorType: input["connectorType"]?.stringValue, connectorLabel: input["connectorLabel"]?.stringValue)
        // A token goes on with the list it came from: that of these filters.
        let filters = JSONValue.array([
            .array(filter.names.map { .string($0) }), filter.connectorType.map { .string($0) } ?? .null,
            filter.connectorLabel.map { .string($0) } ?? .null,
        ])
        let list =
            "DescribeConnectorProfiles/\(caller.account)/" + Hex.encode(SHA256.hash(filters.serialized()))
        let after = try tokens.position(in: input, list: list) ?? ""
        let limit = input["maxResults"]?.intValue ?? defaultPage
        let profiles = try reader.list(account: caller.account, filter: filter, after: after, limit: limit + 1)
        let page = tokens.page(of: profiles, limit: limit, list: list) { $0.name }
        var output: JSONObject = [
            "connectorProfileDetails": .array(page.rows.map { .object(details($0, region: caller.region)) })
        ]
        output["nextToken"] = page.nextToken
        return output
    }

    /// A profile as clients see it: what it is called and where it leads, never what opens it.
    static func details(_ profile: ProfileRecord, region: String) -> JSONObject {
        var output: JSONObject = [
            "connectorProfileArn": .string(
                ARN.connectorProfile(region: region, account: profile.account, name: profile.name)),
            "connectorProfileName": .string(profile.name),
            "connectorType": .string(profile.connectorType),
        ]
        if let label = profile.connectorLabel { output["connectorLabel"] = .string(label) }
        output["connectionMode"] = .string(profile.connectionMode)
        if profile.sealedCredentials != nil {
            output["credentialsArn"] = .string(credentialsArn(profile, region: region))
        }
        output["connectorProfileProperties"] =
            (try? JSONValue.parse(Array(profile.properties.utf8))) ?? .object([:])
        output["createdAt"] = WireTimestamp.json(microseconds: profile.createdAt)
        output["lastUpdatedAt"] = WireTimestamp.json(microseconds: profile.updatedAt)
        if let status = profile.privateConnectionStatus {
            output["privateConnectionProvisioningState"] = .object(["status": .string(status)])
        }
        return output
    }

    /// The name of the sealed credentials, in the form that AppFlow's have in Secrets Manager. It stays while the profile
    /// does.
    static func credentialsArn(_ profile: ProfileRecord, region: String) -> String {
        "arn:aws:secretsmanager:\(region):\(profile.account):secret:appflow!\(profile.account)-\(profile.name)-"
            + profile.uuid.prefix(6)
    }
}
