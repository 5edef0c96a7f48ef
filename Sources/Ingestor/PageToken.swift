// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import FlowStore
import JSON

/// Opaque, tamper-evident positions in a list: what follows, and a keyed digest over it that binds it to the list. The
/// key is shared by all instances, so that any of them can read another's token.
struct PageToken: Sendable {
    private static let digestBytes = 16
    private let key: [UInt8]

    init(secret: String) { key = Array(secret.utf8) }

    /// - Parameter list: what the token is good for: operation, account and the like.
    func make(_ position: String, list: String) -> String {
        let payload = Array(position.utf8)
        return Hex.encode(digest(payload, list) + payload)
    }

    /// The position in a token; nil when it is not one of ours, or of another list.
    func read(_ token: String, list: String) -> String? {
        guard let bytes = Hex.decode(token), bytes.count >= Self.digestBytes else { return nil }
        let payload = Array(bytes[Self.digestBytes...])
        guard ConstantTime.equal(Array(bytes[..<Self.digestBytes]), digest(payload, list)) else { return nil }
        return String(decoding: payload, as: UTF8.self)
    }

    static let invalid = APIError.validation("The nextToken is not valid for this request.")

    /// Where the page that a request asks for begins; nil for the first.
    func position(in input: JSONObject, list: String) throws(APIError) -> String? {
        guard let token = input["nextToken"]?.stringValue else { return nil }
        guard let position = read(token, list: list) else { throw Self.invalid }
        return position
    }

    /// The first `limit` of rows that were read with one more than that, which tells whether there is another page.
    /// - Parameter position: of a row: the next page begins after it.
    func page<Row>(
        of rows: [Row], limit: Int, list: String, position: (Row) -> String
    ) -> (rows: ArraySlice<Row>, nextToken: JSONValue?) {
        let page = rows.prefix(limit)
        guard rows.count > limit, let last = page.last else { return (page, nil) }
        return (page, .string(make(position(last), list: list)))
    }

    private func digest(_ payload: [UInt8], _ list: String) -> [UInt8] {
        let message = Array(list.utf8) + [0] + payload
        return Array(HMACSHA256.authenticate(key: key, message: message).prefix(Self.digestBytes))
    }
}
