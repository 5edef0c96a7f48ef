// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// Reads one document by RFC 8259, strictly: UTF-8 without a byte order mark, nothing after the document, no lone
    /// surrogates, no deeper than `maximumDepth` arrays and objects.
    public static func parse(_ bytes: [UInt8], maximumDepth: Int = 64) throws(JSONParseError) -> JSONValue {
        try unwrap(bytes.withUnsafeBytes { outcome($0, maximumDepth) })
    }

    /// The same over borrowed bytes; nothing of them is kept.
    public static func parse(
        _ bytes: UnsafeRawBufferPointer, maximumDepth: Int = 64
    ) throws(JSONParseError) -> JSONValue {
        try unwrap(outcome(bytes, maximumDepth))
    }

    /// The same over the UTF-8 of a string.
    public static func parse(_ text: String, maximumDepth: Int = 64) throws(JSONParseError) -> JSONValue {
        var text = text
        return try unwrap(text.withUTF8 { outcome(UnsafeRawBufferPointer($0), maximumDepth) })
    }

    private static func outcome(
        _ bytes: UnsafeRawBufferPointer, _ maximumDepth: Int
    ) -> Result<JSONValue, JSONParseError> {
        var parser = JSONParser(bytes, maximumDepth: maximumDepth)
        do throws(JSONParseError) {
            return .success(try parser.document())
        } catch {
            return .failure(error)
        }
    }

    private static func unwrap(_ outcome: Result<JSONValue, JSONParseError>) throws(JSONParseError) -> JSONValue {
        try outcome.get()
    }
}
