// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import FlowStore

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

    private func digest(_ payload: [UInt8], _ list: String) -> [UInt8] {
        let message = Array(list.utf8) + [0] + payload
        return Array(HMACSHA256.authenticate(key: key, message: message).prefix(Self.digestBytes))
    }
}
