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
        let method = Self.method(of: request)
        guard let credentials, let verifier else {
            return Caller(
                account: account, principal: "arn:aws:iam::\(account):root", region: region, mayWrite: true,
                method: method)
        }
        let now = time(nil)
        if method == .bearer, let header = request.headers.get("authorization") {
            let owner = try Self.accepted(credentials.current.bearerTokens.verify(header, now: now))
            return caller(owner.account, owner.name, owner.role, .bearer)
        }
        let identity = try Self.accepted(
            verifier.verify(
                method: request.method, rawPath: request.rawPath, rawQuery: request.rawQuery,
                headers: request.headers.fields, body: request.body, now: now))
        return caller(identity.account, identity.accessKey, identity.role, .sigV4)
    }

    private func caller(
        _ account: String, _ user: String, _ role: AccessRole, _ method: AuthenticationMethod
    ) -> Caller {
        Caller(
            account: account, principal: "arn:aws:iam::\(account):user/\(user)", region: region,
            mayWrite: role == .full, method: method)
    }

    /// What the request claims to be. Two claims at once count as a signature, which refuses them.
    private static func method(of request: HTTPRequest) -> AuthenticationMethod {
        if SigV4Verifier.isPresigned(rawQuery: request.rawQuery) { return .sigV4 }
        let headers = request.headers.all("authorization")
        guard let header = headers.first else { return .none }
        return headers.count == 1 && BearerTokens.isBearer(header) ? .bearer : .sigV4
    }

    private static func accepted<Owner>(_ result: Result<Owner, SigV4Failure>) throws(APIError) -> Owner {
        switch result {
        case .success(let owner): return owner
        case .failure(let failure): throw APIError(code: failure.code, message: failure.message)
        }
    }
}
