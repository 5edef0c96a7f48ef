// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Keys and signatures of Signature Version 4.
enum SigV4Key {
    static let algorithm = "AWS4-HMAC-SHA256"
    static let terminator = "aws4_request"

    /// The signing key of one day, region and service.
    static func derive(secretKey: String, date: String, region: String, service: String) -> [UInt8] {
        var key = Array("AWS4".utf8)
        key.append(contentsOf: secretKey.utf8)
        for part in [date, region, service, terminator] {
            key = HMACSHA256.authenticate(key: key, message: Array(part.utf8))
        }
        return key
    }

    /// The signature of a canonical request.
    static func signature(
        key: [UInt8], timestamp: String, region: String, service: String, canonicalRequest: [UInt8]
    ) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(192)
        for part in [algorithm, timestamp] {
            text.append(contentsOf: part.utf8)
            text.append(UInt8(ascii: "\n"))
        }
        text.append(contentsOf: timestamp.utf8.prefix(8))
        for part in [region, service, terminator] {
            text.append(UInt8(ascii: "/"))
            text.append(contentsOf: part.utf8)
        }
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: Hex.encode(SHA256.hash(canonicalRequest)).utf8)
        return HMACSHA256.authenticate(key: key, message: text)
    }
}

/// Signing keys by access key, date and region: deriving one costs as much as the rest of a verification. Bounded;
/// emptied when full, which a new day brings about anyway. Thread-safe.
final class SigningKeyCache: Sendable {
    struct Name: Hashable {
        let accessKey: String
        let date: String
        let region: String
    }

    private struct Entry {
        let secretKey: String
        let key: [UInt8]
    }

    private let capacity: Int
    private let entries = Mutex<[Name: Entry]>([:])

    init(capacity: Int) { self.capacity = capacity }

    /// The key stored under `name`, if it was derived from this very secret.
    func key(_ name: Name, secretKey: String) -> [UInt8]? {
        guard let entry = entries.withLock({ $0[name] }), ConstantTime.equal(entry.secretKey, secretKey) else {
            return nil
        }
        return entry.key
    }

    /// Stores a key that has verified a request: so whoever knows no secret cannot fill the cache.
    func store(_ key: [UInt8], _ name: Name, secretKey: String) {
        entries.withLock { entries in
            if entries.count >= capacity { entries.removeAll(keepingCapacity: true) }
            entries[name] = Entry(secretKey: secretKey, key: key)
        }
    }

    var count: Int { entries.withLock { $0.count } }
}
