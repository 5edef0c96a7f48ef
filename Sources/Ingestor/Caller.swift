// SPDX-License-Identifier: Apache-2.0

/// How a caller presented itself. Checked, unless authentication is off: then it only tells what kind of client it is.
enum AuthenticationMethod: Sendable, Equatable {
    /// Not at all.
    case none
    /// With a bearer token, as plain HTTP clients send it.
    case bearer
    /// With an AWS signature, as SDKs make it.
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
