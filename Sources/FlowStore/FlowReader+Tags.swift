// SPDX-License-Identifier: Apache-2.0
public import FlowDomain
import PostgreSQL

extension FlowReader {
    private static let tagsStatement = SQLStatement(
        "flow_tags", "SELECT tags FROM flows WHERE account = $1 AND name = $2")

    /// The tags of a flow, a JSON object of strings; nil when there is no such flow.
    public func tags(_ key: FlowKey) throws -> String? {
        try connection.execute(Self.tagsStatement, [.text(key.account), .text(key.name)]).text(0, 0)
    }
}
