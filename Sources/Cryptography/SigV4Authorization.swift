// SPDX-License-Identifier: Apache-2.0

/// Who signed a request, for what, and over which headers, checked for form. It comes from an
/// `Authorization: AWS4-HMAC-SHA256 …` header or from the query of a presigned request.
struct SigV4Authorization {
    let accessKey: String
    let date: String
    let region: String
    let service: String
    let terminator: String
    /// Lower-case names, ascending.
    let signedHeaders: [Substring]
    let signature: [UInt8]

    /// Longer headers than this are refused unread; real ones have a few hundred bytes.
    private static let maximumLength = 8192

    /// - Parameters:
    ///   - credential: `key/date/region/service/aws4_request`.
    ///   - signedHeaders: names, joined by semicolons.
    ///   - signature: hexadecimal.
    ///   - signsDate: whether the date must be among the signed headers; a presigned request has it in its query.
    init(
        credential: Substring, signedHeaders: Substring, signature: Substring, signsDate: Bool
    ) throws(SigV4Failure) {
        let scope = Self.split(credential, at: "/")
        guard scope.count == 5, !scope[0].isEmpty else {
            throw .incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
                    + "got '\(Self.shortened(credential))'.")
        }
        accessKey = String(scope[0])
        date = String(scope[1])
        region = String(scope[2])
        service = String(scope[3])
        terminator = String(scope[4])
        let names = try Self.headerNames(signedHeaders)
        guard !signsDate || names.contains("x-amz-date") || names.contains("date") else {
            throw .incomplete("'X-Amz-Date' or 'Date' must be a 'SignedHeader' in the AWS Authorization.")
        }
        self.signedHeaders = names
        guard signature.utf8.count == SHA256.digestLength * 2, let bytes = Hex.decode(String(signature)) else {
            throw .mismatch
        }
        self.signature = bytes
    }

    /// From the value of an `Authorization` header.
    init(header: String) throws(SigV4Failure) {
        let blank = header.utf8.firstIndex(of: UInt8(ascii: " ")) ?? header.endIndex
        guard header[..<blank] == SigV4Key.algorithm else {
            throw .incomplete("Unsupported AWS 'algorithm': '\(Self.shortened(header[..<blank]))'.")
        }
        guard header.utf8.count <= Self.maximumLength else { throw .incomplete("Authorization header is too long.") }
        var credential: Substring?
        var names: Substring?
        var signature: Substring?
        for part in Self.split(header[blank...], at: ",") {
            let part = Self.trimmed(part)
            guard let equals = part.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw .incomplete(
                    "'\(Self.shortened(part))' not a valid key=value pair (missing equal-sign) in Authorization header."
                )
            }
            let value = part[part.utf8.index(after: equals)...]
            switch part[..<equals] {
            case "Credential" where credential == nil: credential = value
            case "SignedHeaders" where names == nil: names = value
            case "Signature" where signature == nil: signature = value
            default:
                throw .incomplete(
                    "Unexpected or repeated '\(Self.shortened(part[..<equals]))' parameter in Authorization header.")
            }
        }
        var missing: [String] = []
        if credential?.isEmpty ?? true { missing.append("Credential") }
        if signature?.isEmpty ?? true { missing.append("Signature") }
        if names?.isEmpty ?? true { missing.append("SignedHeaders") }
        guard missing.isEmpty, let credential, let names, let signature else {
            throw .incomplete(
                missing.map { "Authorization header requires '\($0)' parameter." }.joined(separator: " "))
        }
        try self.init(credential: credential, signedHeaders: names, signature: signature, signsDate: true)
    }

    private static func headerNames(_ list: Substring) throws(SigV4Failure) -> [Substring] {
        let names = split(list, at: ";")
        for (index, name) in names.enumerated() {
            let isToken =
                !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !($0 >= 0x41 && $0 <= 0x5a) }
            guard isToken, index == 0 || names[index - 1].utf8.lexicographicallyPrecedes(name.utf8) else {
                throw .incomplete("'SignedHeaders' must be lower-case header names, sorted, each once.")
            }
        }
        guard names.contains("host") else {
            throw .incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.")
        }
        return names
    }

    // Over bytes, as everything here: walking characters would cost more than the cryptography.

    private static func split(_ text: Substring, at separator: Unicode.Scalar) -> [Substring] {
        text.utf8.split(separator: UInt8(ascii: separator), omittingEmptySubsequences: false).map { Substring($0) }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let front = text.utf8.drop(while: isBlank)
        guard let last = front.lastIndex(where: { !isBlank($0) }) else { return Substring(front.prefix(0)) }
        return Substring(front[...last])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// What may be echoed to the client: enough to recognise, not a whole signature.
    static func shortened(_ text: Substring) -> String {
        text.count > 40 ? "\(text.prefix(40))…" : String(text)
    }
}
