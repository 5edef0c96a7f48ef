// SPDX-License-Identifier: Apache-2.0
import Cryptography

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Names of pending uploads: an identifier and the key, percent-encoded, as far as a file name has room for it. A `+`
/// between them says that the key is whole, a `-` that it was cut; then a `=`, which no encoded key has, and a part of
/// the whole key's hash follow, so that two long keys of one attempt are two files.
///
/// The identifier is the run's, a dot and its attempt; a random one where nobody owns the upload:
/// `3f0c…-9a.2+out%2Fx`.
enum FolderUploadID {
    private static let uuidLength = 36
    private static let maximumLength = 255

    static func make(key: String, owner: UploadOwner?) -> String {
        let identifier = owner.map { "\($0.runID).\($0.attempt)" } ?? UUIDs.v4()
        let encoded = PercentEncoding.encode(key)
        var room = maximumLength - identifier.utf8.count - 1
        if encoded.utf8.count <= room { return "\(identifier)+\(encoded)" }
        let hash = "=" + Hex.encode(Array(SHA256.hash(key).prefix(8)))
        room -= hash.utf8.count
        var cut = ""
        for scalar in key.unicodeScalars {
            let next = PercentEncoding.encode(String(scalar))
            if cut.utf8.count + next.utf8.count > room { break }
            cut += next
        }
        return "\(identifier)-\(cut)\(hash)"
    }

    /// The key in an upload's name, or its beginning; nil if the name is none of an upload.
    static func key(_ uploadID: String) -> (text: String, isCut: Bool)? {
        guard uploadID.utf8.count <= maximumLength, !uploadID.utf8.contains(UInt8(ascii: "/")),
            let mark = mark(uploadID)
        else { return nil }
        let isCut = uploadID.utf8[mark] == UInt8(ascii: "-")
        var encoded = uploadID[uploadID.utf8.index(after: mark)...]
        // Names that an older version cut have no hash.
        if isCut, let hash = encoded.lastIndex(of: "=") { encoded = encoded[..<hash] }
        guard isCut || uploadID.utf8[mark] == UInt8(ascii: "+"),
            let decoded = PercentEncoding.decode(String(encoded))
        else { return nil }
        return (String(decoding: decoded, as: UTF8.self), isCut)
    }

    /// The attempt that began the upload; nil if the name tells none.
    static func owner(_ uploadID: String) -> UploadOwner? {
        guard key(uploadID) != nil, let mark = mark(uploadID) else { return nil }
        let identifier = uploadID[..<mark].split(separator: ".", omittingEmptySubsequences: false)
        guard identifier.count == 2, let run = UUID(uuidString: String(identifier[0])),
            let attempt = Int64(identifier[1])
        else { return nil }
        return UploadOwner(runID: run.uuidString.lowercased(), attempt: attempt)
    }

    /// Where the identifier ends.
    private static func mark(_ uploadID: String) -> String.Index? {
        let bytes = uploadID.utf8
        guard bytes.count > uuidLength else { return nil }
        var mark = bytes.index(bytes.startIndex, offsetBy: uuidLength)
        if bytes[mark] == UInt8(ascii: ".") {
            mark = bytes[bytes.index(after: mark)...].firstIndex { !($0 >= 0x30 && $0 <= 0x39) } ?? bytes.endIndex
        }
        return mark == bytes.endIndex ? nil : mark
    }
}
