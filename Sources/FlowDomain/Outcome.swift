// SPDX-License-Identifier: Apache-2.0
public import AppFlowAPI
public import JSON

/// What became of a command: the operation's output, or the error the client is to see.
public struct Outcome: Sendable, Equatable {
    public enum Result: Sendable, Equatable {
        case success(JSONObject)
        case failure(code: String, message: String)
    }

    public let commandID: String
    public let result: Result
    public let details: OutcomeDetails?
    /// What was answered before is told again, and nothing has changed now. Does not travel.
    public var isReplay: Bool

    public init(commandID: String, result: Result, details: OutcomeDetails? = nil, isReplay: Bool = false) {
        self.commandID = commandID
        self.result = result
        self.details = details
        self.isReplay = isReplay
    }

    public init(commandID: String, error: APIError) {
        self.init(commandID: commandID, result: .failure(code: error.code, message: error.message))
    }

    public var isSuccess: Bool {
        if case .success = result { return true }
        return false
    }

    public func encoded() -> JSONValue {
        var object = JSONObject()
        object["command"] = .string(commandID)
        switch result {
        case .success(let response):
            object["response"] = .object(response)
            if let details { object["details"] = details.encoded() }
        case .failure(let code, let message):
            var error = JSONObject()
            error["code"] = .string(code)
            error["message"] = .string(message)
            object["error"] = .object(error)
        }
        return .object(object)
    }

    public init(decoding value: JSONValue) throws(MessageError) {
        let fields = try MessageFields(value)
        commandID = try fields.string("command")
        details = OutcomeDetails(decoding: value["details"])
        isReplay = false
        if let error = value["error"] {
            let errorFields = try MessageFields(error)
            result = .failure(code: try errorFields.string("code"), message: try errorFields.string("message"))
        } else {
            result = .success(try fields.object("response"))
        }
    }

    /// All outcomes of one batch that one api instance waits for travel in one message.
    public static func encodedBatch(_ outcomes: [Outcome]) -> JSONValue {
        var object = JSONObject()
        object["outcomes"] = .array(outcomes.map { $0.encoded() })
        return .object(object)
    }

    public static func decodedBatch(_ value: JSONValue) throws(MessageError) -> [Outcome] {
        var outcomes: [Outcome] = []
        for item in try MessageFields(value).array("outcomes") {
            outcomes.append(try Outcome(decoding: item))
        }
        return outcomes
    }
}
