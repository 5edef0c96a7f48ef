// SPDX-License-Identifier: Apache-2.0

/// Buckets and warehouses. What they hold is the user's: no entities are fixed.
enum StoreConnectors {
    static let all = [s3, redshift, snowflake, upsolver]

    static let s3 = Connector(
        type: "S3", name: "Amazon S3", description: "Objects in S3 buckets.",
        source: .init(fastest: .byMinute, destinations: DestinationLists.s3, entityMember: nil),
        destination: .init(entityMember: nil), dataTransferTypes: ["RECORD", "FILE"])

    static let redshift = Connector(
        type: "Redshift", name: "Amazon Redshift", description: "Tables of Amazon Redshift.",
        destination: .init(), authentication: .init(basic: true))

    static let snowflake = Connector(
        type: "Snowflake", name: "Snowflake", description: "Tables of Snowflake.",
        destination: .init(), authentication: .init(basic: true), hasPrivateLink: true, needsPrivateLinkURL: true,
        regions: [
            "us-east-1", "us-east-2", "us-west-2", "ca-central-1", "eu-west-1", "eu-west-2", "eu-central-1",
            "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
        ])

    static let upsolver = Connector(
        type: "Upsolver", name: "Upsolver", description: "Buckets that Upsolver reads.",
        destination: .init(entityMember: nil))
}
