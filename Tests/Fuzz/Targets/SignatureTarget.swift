// SPDX-License-Identifier: Apache-2.0
import Cryptography

/// The input is a request: method, path and query on a line each, then headers, an empty line and the body. Promises:
/// nothing is accepted that was not signed with the secret; whatever is signed is accepted; no answer holds a secret.
enum SignatureTarget {
    private static let now = 1_715_000_000
    // Anew for each process: nothing that is fed can know them.
    private static let secret = Hex.encode(RandomBytes.make(20))
    private static let token = Hex.encode(RandomBytes.make(20))
    private static let credentials: CredentialsFile? = try? CredentialsFile(
        text: """
            [long]
            aws_access_key_id = AKIDEXAMPLE
            aws_secret_access_key = \(secret)
            [temporary]
            aws_access_key_id = ASIDEXAMPLE
            aws_secret_access_key = \(secret)
            aws_session_token = \(token)
            bearer_token = \(token)
            """, defaultAccount: "000000000000")
    private static let verifier = SigV4Verifier { credentials?.principals[$0] }
    private static let codes: Set = [
        "MissingAuthenticationTokenException", "IncompleteSignature", "UnrecognizedClientException",
        "InvalidSignatureException",
    ]

    static func violation(_ input: [UInt8]) -> String? {
        let request = Request(input)
        return forgeryViolation(request) ?? signingViolation(request) ?? bearerViolation(request)
            ?? fileViolation(input)
    }

    private static func forgeryViolation(_ request: Request) -> String? {
        let presigned = SigV4Verifier.isPresigned(rawQuery: request.query)
        switch request.verify(by: verifier, headers: request.headers, now: now) {
        case .success(let identity): return "accepted as \(identity.accessKey)'s"
        case .failure(let failure):
            if presigned && failure.code == "MissingAuthenticationTokenException" { return "a signature was not seen" }
            return refusalViolation(failure)
        }
    }

    private static func signingViolation(_ request: Request) -> String? {
        if SigV4Verifier.isPresigned(rawQuery: request.query) { return nil }
        let headers = [("host", "localhost")] + request.values.enumerated().map { ("x-value-\($0)", $1) }
        let signer = SigV4Signer(
            credentials: SigV4Credentials(accessKey: "ASIDEXAMPLE", secretKey: secret, sessionToken: token),
            region: "eu-west-1", service: "appflow")
        let signed = signer.sign(
            method: request.method, rawPath: request.path, rawQuery: request.query, headers: headers,
            payloadHash: Hex.encode(SHA256.hash(request.body)), epochSeconds: now)
        switch request.verify(by: verifier, headers: headers + signed, now: now) {
        case .success: return nil
        case .failure(let failure): return "what was signed is refused: \(failure)"
        }
    }

    private static func bearerViolation(_ request: Request) -> String? {
        for value in request.values {
            _ = BearerTokens.isBearer(value)
            switch credentials?.bearerTokens.verify(value, now: now) {
            case .success: return "a token was guessed"
            case .failure(let failure): if let violation = refusalViolation(failure) { return violation }
            case nil: return "the credentials file was not read"
            }
        }
        return nil
    }

    private static func fileViolation(_ input: [UInt8]) -> String? {
        guard let file = try? CredentialsFile(bytes: input, defaultAccount: "000000000000") else { return nil }
        return file.principals.isEmpty && file.bearerTokens.count == 0 ? "an empty credentials file was taken" : nil
    }

    private static func refusalViolation(_ failure: SigV4Failure) -> String? {
        if !codes.contains(failure.code) { return "a refusal with the code \(failure.code)" }
        if failure.message.isEmpty || failure.message.utf8.count > 1024 { return "a refusal of an odd length" }
        return failure.message.contains(secret) || failure.message.contains(token) ? "a refusal that tells" : nil
    }

    /// A request as the input spells it.
    private struct Request {
        var method = "POST"
        var path = "/"
        var query = ""
        var headers: [(String, String)] = []
        var body: [UInt8] = []

        init(_ input: [UInt8]) {
            let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let head = lines.prefix { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
            if head.count > 0 { method = head[0] }
            if head.count > 1 { path = head[1] }
            if head.count > 2 { query = head[2].first == "?" ? String(head[2].dropFirst()) : head[2] }
            for line in head.dropFirst(3) {
                let colon = line.firstIndex(of: ":") ?? line.endIndex
                headers.append((String(line[..<colon]), String(line[colon...].dropFirst().drop { $0 == " " })))
            }
            body = Array(lines.dropFirst(head.count + 1).joined(separator: [UInt8(ascii: "\n")]))
        }

        var values: [String] { headers.map(\.1) }

        func verify(
            by verifier: SigV4Verifier, headers: [(String, String)], now: Int
        ) -> Result<VerifiedIdentity, SigV4Failure> {
            verifier.verify(
                method: method, rawPath: path, rawQuery: query, headers: headers, body: body, now: now)
        }
    }
}
