// SPDX-License-Identifier: Apache-2.0
import JSON

/// Why a message's value cannot be read; it goes to the dead letters with this text.
public struct MessageError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Reads the members of a message, naming the one that is wrong.
struct MessageFields {
    private let object: JSONObject

    init(_ value: JSONValue) throws(MessageError) {
        guard let object = value.objectValue else { throw MessageError("the message is not a JSON object") }
        self.object = object
    }

    func string(_ name: String) throws(MessageError) -> String {
        guard let text = object[name]?.stringValue else { throw MessageError("member \(name) is not a string") }
        return text
    }

    /// Nil where the member is absent or null.
    func optionalString(_ name: String) throws(MessageError) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        return try string(name)
    }

    func int(_ name: String) throws(MessageError) -> Int64 {
        guard let number = object[name]?.intValue else { throw MessageError("member \(name) is not an integer") }
        return Int64(number)
    }

    /// Nil where the member is absent or null.
    func optionalInt(_ name: String) throws(MessageError) -> Int64? {
        guard let value = object[name], !value.isNull else { return nil }
        return try int(name)
    }

    func object(_ name: String) throws(MessageError) -> JSONObject {
        guard let value = object[name]?.objectValue else { throw MessageError("member \(name) is not an object") }
        return value
    }

    func array(_ name: String) throws(MessageError) -> [JSONValue] {
        guard let value = object[name]?.arrayValue else { throw MessageError("member \(name) is not an array") }
        return value
    }

    /// Nil where the member is absent or null.
    func optionalArray(_ name: String) throws(MessageError) -> [JSONValue]? {
        guard let value = object[name], !value.isNull else { return nil }
        return try array(name)
    }

    /// A canonical lower-case UUID: these become uuid columns, where anything else would fail the whole batch.
    func uuid(_ name: String) throws(MessageError) -> String {
        let text = try string(name)
        guard Self.isUUID(text) else { throw MessageError("member \(name) is not a lower-case UUID") }
        return text
    }

    static func isUUID(_ text: String) -> Bool {
        guard text.utf8.count == 36 else { return false }
        for (index, byte) in text.utf8.enumerated() {
            switch index {
            case 8, 13, 18, 23:
                if byte != UInt8(ascii: "-") { return false }
            default:
                let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
                let isLetter = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f")
                if !isDigit && !isLetter { return false }
            }
        }
        return true
    }
}
