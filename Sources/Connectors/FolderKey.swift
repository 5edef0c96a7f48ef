// SPDX-License-Identifier: Apache-2.0

/// Which buckets and keys a folder can hold.
enum FolderKey {
    /// Refuses names that are no plain folder name: letters, digits, `.`, `_`, `-`, beginning with a letter or digit,
    /// so that hidden folders, such as the one of pending uploads, are no buckets.
    static func check(bucket: String) throws(ObjectStoreError) {
        let name = bucket.utf8
        let isPlain = name.allSatisfy { isAlphanumeric($0) || $0 == dot || $0 == dash || $0 == underscore }
        guard (3...63).contains(name.count), isPlain, let first = name.first, isAlphanumeric(first) else {
            throw ObjectStoreError(.invalidBucketName, "The specified bucket is not valid: \(bucket.prefix(80))")
        }
    }

    /// Refuses keys that no file below the bucket could stand for.
    static func check(key: String) throws(ObjectStoreError) {
        try check(key, isPrefix: false)
    }

    /// Refuses prefixes that no key could begin with.
    static func check(prefix: String) throws(ObjectStoreError) {
        if !prefix.isEmpty { try check(prefix, isPrefix: true) }
    }

    private static func check(_ key: String, isPrefix: Bool) throws(ObjectStoreError) {
        guard key.utf8.count <= 1024 else { throw refusal(key, "it is longer than 1024 bytes") }
        guard !key.utf8.contains(0) else { throw refusal(key, "it contains NUL") }
        var start = key.utf8.startIndex
        while true {
            let end = key.utf8[start...].firstIndex(of: slash) ?? key.utf8.endIndex
            let isLast = end == key.utf8.endIndex
            let segment = key.utf8[start..<end]
            // The last segment of a prefix is the beginning of a name, which may be empty or a dot.
            if !(isPrefix && isLast) {
                if segment.isEmpty { throw refusal(key, "it has an empty segment") }
                if segment.elementsEqual([dot]) || segment.elementsEqual([dot, dot]) {
                    throw refusal(key, "it has a segment '.' or '..'")
                }
            }
            if segment.count > 255 { throw refusal(key, "a segment is longer than 255 bytes") }
            if isLast { return }
            start = key.utf8.index(after: end)
        }
    }

    private static func refusal(_ key: String, _ reason: String) -> ObjectStoreError {
        ObjectStoreError(.invalidKey, "A folder cannot hold the key '\(key.prefix(200))': \(reason).")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: false
        }
    }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")
private let dash = UInt8(ascii: "-")
private let underscore = UInt8(ascii: "_")
