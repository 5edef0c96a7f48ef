// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import Glibc
import HTTPServer

/// How a caller proved who it is.
enum AuthenticationMethod: Sendable, Equatable {
    /// Nobody was asked: authentication is off.
    case none
    /// A bearer token, as plain HTTP clients send it.
    case bearer
    /// An AWS signature, as SDKs make it.
    case sigV4
}

/// Who sent a request.
struct Caller: Sendable {
    let account: String
    let principal: String
    let region: String
    let mayWrite: Bool
    let method: AuthenticationMethod
}

/// Decides who a request comes from.
struct Authenticator: Sendable {
    private let verifier: SigV4Verifier?
    private let account: String
    private let region: String

    /// - Throws: `CredentialsFileError` when the file cannot be read.
    init(mode: AuthenticationMode, account: String, region: String) throws {
        self.account = account
        self.region = region
        switch mode {
        case .none:
            verifier = nil
        case .credentialsFile(let path):
            let principals = try CredentialsFile(path: path, defaultAccount: account).principals
            verifier = SigV4Verifier { principals[$0] }
        }
    }

    func authenticate(_ request: HTTPRequest) throws(APIError) -> Caller {
        guard let verifier else {
            return Caller(
                account: account, principal: "arn:aws:iam::\(account):root", region: region, mayWrite: true,
                method: .none)
        }
        let result = verifier.verify(
            method: request.method, rawPath: request.rawPath, rawQuery: request.rawQuery,
            headers: request.headers.fields, body: request.body, now: time(nil))
        switch result {
        case .success(let identity):
            return Caller(
                account: identity.account, principal: "arn:aws:iam::\(identity.account):user/\(identity.accessKey)",
                region: region, mayWrite: identity.role == .full, method: .sigV4)
        case .failure(let failure):
            throw APIError(code: failure.code, message: failure.message)
        }
    }
}
