// SPDX-License-Identifier: Apache-2.0

/// Builds the text that Signature Version 4 signs. Signer and verifier share it.
struct SigV4CanonicalRequest {
    /// Whether the raw path is encoded once more and normalised: true for every service but S3.
    let encodesPathAgain: Bool

    /// The canonical request.
    /// - Parameters:
    ///   - headers: the request's headers; all values of each name in `signedHeaders` are used.
    ///   - signedHeaders: lower-case names in canonical order.
    ///   - payloadHash: lower-case hexadecimal SHA-256 of the body, or the literal that the client declared.
    /// - Returns: nil if a signed header is not among `headers`.
    func bytes(
        method: String, rawPath: String, rawQuery: String, headers: [(String, String)],
        signedHeaders: [Substring], payloadHash: String
    ) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(1024)
        out.append(contentsOf: method.utf8)
        out.append(newline)
        appendPath(rawPath, to: &out)
        out.append(newline)
        Self.appendQuery(rawQuery, to: &out)
        out.append(newline)
        for name in signedHeaders {
            guard Self.appendHeader(name, headers, to: &out) else { return nil }
        }
        out.append(newline)
        for (index, name) in signedHeaders.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ";")) }
            out.append(contentsOf: name.utf8)
        }
        out.append(newline)
        out.append(contentsOf: payloadHash.utf8)
        return out
    }

    private func appendPath(_ rawPath: String, to out: inout [UInt8]) {
        guard encodesPathAgain else {
            if rawPath.isEmpty { out.append(slash) } else { out.append(contentsOf: rawPath.utf8) }
            return
        }
        // RFC 3986 dot segments and repeated slashes go, as botocore and the Java SDK do before they encode.
        var segments: [Substring.UTF8View] = []
        for segment in rawPath.utf8.split(separator: slash, omittingEmptySubsequences: true) {
            if segment.elementsEqual(".".utf8) { continue }
            if segment.elementsEqual("..".utf8) {
                segments.removeLast(segments.isEmpty ? 0 : 1)
            } else {
                segments.append(segment)
            }
        }
        if segments.isEmpty { out.append(slash) }
        for segment in segments {
            out.append(slash)
            for byte in segment { PercentEncoding.append(byte, to: &out) }
        }
        if !segments.isEmpty && rawPath.utf8.last == slash { out.append(slash) }
    }

    /// Parameters decoded, encoded strictly and sorted by name, then value. A raw `+` is a plus sign, not a space.
    private static func appendQuery(_ rawQuery: String, to out: inout [UInt8]) {
        if rawQuery.isEmpty { return }
        var parameters: [(name: [UInt8], value: [UInt8])] = []
        for pair in rawQuery.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let value = equals == pair.endIndex ? pair[equals...] : pair[pair.index(after: equals)...]
            let name = PercentEncoding.normalized(pair[..<equals])
            // The one parameter of a presigned request that cannot be signed.
            if name.elementsEqual(SigV4Query.signatureName.utf8) { continue }
            parameters.append((name, PercentEncoding.normalized(value)))
        }
        parameters.sort { left, right in
            if left.name != right.name { return left.name.lexicographicallyPrecedes(right.name) }
            return left.value.lexicographicallyPrecedes(right.value)
        }
        for (index, parameter) in parameters.enumerated() {
            if index > 0 { out.append(UInt8(ascii: "&")) }
            out.append(contentsOf: parameter.name)
            out.append(UInt8(ascii: "="))
            out.append(contentsOf: parameter.value)
        }
    }

    /// `name:value\n`, several values joined by commas, blanks trimmed and collapsed. False if there is none.
    private static func appendHeader(
        _ name: Substring, _ headers: [(String, String)], to out: inout [UInt8]
    ) -> Bool {
        var found = false
        for (candidate, value) in headers where HeaderName.matches(candidate, name) {
            if found {
                out.append(UInt8(ascii: ","))
            } else {
                out.append(contentsOf: name.utf8)
                out.append(UInt8(ascii: ":"))
                found = true
            }
            var pendingBlank = false
            var started = false
            for byte in value.utf8 {
                if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                    pendingBlank = started
                } else {
                    if pendingBlank { out.append(UInt8(ascii: " ")) }
                    out.append(byte)
                    pendingBlank = false
                    started = true
                }
            }
        }
        if found { out.append(newline) }
        return found
    }
}

private let newline = UInt8(ascii: "\n")
private let slash = UInt8(ascii: "/")

/// Comparisons of header names, which know no case.
enum HeaderName {
    /// Whether `name` equals `lowercase`, which is in lower case already.
    static func matches(_ name: String, _ lowercase: Substring) -> Bool {
        let left = name.utf8
        let right = lowercase.utf8
        guard left.count == right.count else { return false }
        return zip(left, right).allSatisfy { pair in
            let (byte, expected) = pair
            return (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) == expected
        }
    }
}
