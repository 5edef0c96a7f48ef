// SPDX-License-Identifier: Apache-2.0

/// One of the service's operations, as the model describes it. Equality and hash go by the name.
public struct APIOperation: Sendable {
    public let name: String
    /// HTTP method: `POST`, `GET` or `DELETE`.
    public let method: String
    /// Path of the request; `{resourceArn}` stands for one percent-encoded member.
    public let uri: String
    public let inputShape: String
    public let outputShape: String
    /// Codes of the errors that the model declares.
    public let errors: [String]

    /// All operations of the service, in the order of their names.
    public static var all: [APIOperation] { ServiceModel.shared.operations }

    /// Whether clients can make a retry of it recognisable.
    public var takesClientToken: Bool {
        let model = ServiceModel.shared
        guard let place = model.input(of: self), case .structure(let input) = model.shapes[place].kind else {
            return false
        }
        return input.places["clientToken"] != nil
    }

    /// The operation of that name.
    public static func named(_ name: String) -> APIOperation? { ServiceModel.shared.operationsByName[name] }
}

extension APIOperation: Hashable {
    public static func == (left: APIOperation, right: APIOperation) -> Bool { left.name == right.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
