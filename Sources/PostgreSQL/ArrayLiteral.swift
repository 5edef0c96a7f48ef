// SPDX-License-Identifier: Apache-2.0

/// Reads PostgreSQL's text form of one-dimensional arrays: `{a,"b \"c\"",NULL}`.
enum ArrayLiteral {
    static func parse(_ text: UnsafeRawBufferPointer) -> [String?] {
        var elements: [String?] = []
        // What precedes the brace are explicit bounds, "[0:2]=".
        guard let open = text.firstIndex(of: UInt8(ascii: "{")) else { return elements }
        var current: [UInt8] = []
        var wasQuoted = false
        var isQuoted = false
        var index = open + 1
        func finish() {
            let isNull = !wasQuoted && current.elementsEqual("NULL".utf8)
            elements.append(isNull ? nil : String(decoding: current, as: UTF8.self))
            current.removeAll(keepingCapacity: true)
            wasQuoted = false
        }
        while index < text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\\") where index + 1 < text.count:
                index += 1
                current.append(text[index])
            case UInt8(ascii: "\""):
                isQuoted.toggle()
                wasQuoted = true
            case UInt8(ascii: ",") where !isQuoted: finish()
            case UInt8(ascii: "}") where !isQuoted:
                if wasQuoted || !current.isEmpty || !elements.isEmpty { finish() }
                return elements
            default: current.append(byte)
            }
            index += 1
        }
        return elements
    }
}
