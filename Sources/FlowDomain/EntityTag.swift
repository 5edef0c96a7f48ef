// SPDX-License-Identifier: Apache-2.0

/// The entity tag (RFC 9110, section 8.8.3) of a flow's definition, without its quotes.
public enum EntityTag {
    /// The beginning of the flow's uuid and the definition's revision: a flow that was deleted and created anew under its
    /// name begins with revision 1 again, and is another flow.
    public static func of(flow uuid: String, revision: Int64) -> String { "\(uuid.prefix(8))-\(revision)" }
}

/// One of the definitions that a client's `If-Match` names.
public enum ExpectedDefinition: Sendable, Equatable {
    case tag(String)
    /// Of whatever flow has the name: what an api of before sends.
    case revision(Int64)

    func names(_ flow: FlowRecord) -> Bool {
        switch self {
        case .tag(let tag): tag == flow.entityTag
        case .revision(let revision): revision == flow.revision
        }
    }
}

extension FlowRecord {
    public var entityTag: String { EntityTag.of(flow: uuid, revision: revision) }
}
