// SPDX-License-Identifier: Apache-2.0

import Cryptography
import HTTPServer

/// How a caller presents itself, believed or not.
enum AuthenticationMethod: Sendable, Equatable {
    /// Not at all.
    case none
    /// With a bearer token, as plain HTTP clients send it.
    case bearer
    /// With an AWS signature, as SDKs make it.
    case sigV4

    /// What a request claims to be. Two claims at once count as a signature, whose check refuses them.
    init(of request: HTTPRequest) {
        let headers = request.headers.all("authorization")
        if SigV4Verifier.isPresigned(rawQuery: request.rawQuery) {
            self = .sigV4
        } else if let header = headers.first {
            self = headers.count == 1 && BearerTokens.isBearer(header) ? .bearer : .sigV4
        } else {
            self = .none
        }
    }
}

/// Who sent a request.
struct Caller: Sendable {
    let account: String
    let principal: String
    let region: String
    let mayWrite: Bool
}
