// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import Glibc
import HTTPServer

/// Decides who a request comes from.
struct Authenticator: Sendable {
    private let credentials: CredentialsStore?
    private let verifier: SigV4Verifier?
    private let account: String
    private let region: String

    /// - Parameter credentials: who may call; nil if nobody is asked.
    init(credentials: CredentialsStore?, account: String, region: String) {
        self.credentials = credentials
        self.account = account
        self.region = region
        verifier = credentials.map { credentials in SigV4Verifier { credentials.current.principals[$0] } }
    }

    func authenticate(_ request: HTTPRequest) throws(APIError) -> Caller {
        guard let credentials, let verifier else {
            return Caller(
                account: account, principal: "arn:aws:iam::\(account):root", region: region, mayWrite: true)
        }
        let now = time(nil)
        if AuthenticationMethod(of: request) == .bearer, let header = request.headers.get("authorization") {
            let owner = try Self.accepted(credentials.current.bearerTokens.verify(header, now: now))
            return caller(owner.account, owner.name, owner.role)
        }
        let identity = try Self.accepted(
            verifier.verify(
                method: request.method, rawPath: request.rawPath, rawQuery: request.rawQuery,
                headers: request.headers.fields, body: request.body, now: now))
        return caller(identity.account, identity.accessKey, identity.role)
    }

    private func caller(_ account: String, _ user: String, _ role: AccessRole) -> Caller {
        Caller(
            account: account, principal: "arn:aws:iam::\(account):user/\(user)", region: region,
            mayWrite: role == .full)
    }

    private static func accepted<Owner>(_ result: Result<Owner, SigV4Failure>) throws(APIError) -> Owner {
        switch result {
        case .success(let owner): return owner
        case .failure(let failure): throw APIError(code: failure.code, message: failure.message)
        }
    }
}
