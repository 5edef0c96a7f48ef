// SPDX-License-Identifier: Apache-2.0

/// A header field where the library keeps it: valid during one callback.
struct RawHeader {
    let name: UnsafeBufferPointer<UInt8>
    let value: UnsafeBufferPointer<UInt8>

    func isNamed(_ other: StaticString) -> Bool {
        name.count == other.utf8CodeUnitCount && Self.equal(name, other)
    }

    /// - Parameter other: in lower case.
    func hasValue(_ other: StaticString) -> Bool {
        let value = trimmedValue
        return value.count == other.utf8CodeUnitCount && Self.equal(UnsafeBufferPointer(rebasing: value), other)
    }

    /// Without the white space around it: the library leaves what trails.
    var trimmedValue: Slice<UnsafeBufferPointer<UInt8>> {
        var value = value[...]
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
        return value
    }

    private static func equal(_ bytes: UnsafeBufferPointer<UInt8>, _ lowerCase: StaticString) -> Bool {
        let expected = UnsafeBufferPointer(start: lowerCase.utf8Start, count: lowerCase.utf8CodeUnitCount)
        return zip(bytes, expected).allSatisfy { byte, wanted in
            (0x41...0x5A).contains(byte) ? byte | 0x20 == wanted : byte == wanted
        }
    }
}

/// Refuses requests that another HTTP implementation, such as a proxy in front, could cut up differently: request
/// smuggling. libmicrohttpd 0.9.75 takes all of them, and none of its options helps.
enum RequestGuard {
    /// How the body of an accepted request is framed.
    struct Framing: Equatable {
        /// Nil when the body is chunked.
        var contentLength: Int? = 0
        var expectsContinue = false
    }

    static func check(
        method: UnsafeBufferPointer<UInt8>, version: UnsafeBufferPointer<UInt8>, headers: [RawHeader],
        maximumBody: Int
    ) -> Result<Framing, Refused> {
        let isCurrent = version.elementsEqual("HTTP/1.1".utf8)
        guard isCurrent || version.elementsEqual("HTTP/1.0".utf8) else {
            return refuse(.malformed("The protocol is not HTTP/1.1."))
        }
        var hosts = 0
        var lengths = 0
        var encodings = 0
        var framing = Framing()
        var unknownExpectation = false
        for header in headers {
            guard isToken(header.name) else { return refuse(.malformed("A header name is malformed.")) }
            guard isFieldValue(header.value) else { return refuse(.malformed("A header value is malformed.")) }
            if header.isNamed("host") {
                hosts += 1
            } else if header.isNamed("content-length") {
                lengths += 1
                guard let length = decimal(header.value) else {
                    return refuse(.malformed("Content-Length is not a number."))
                }
                framing.contentLength = length
            } else if header.isNamed("transfer-encoding") {
                encodings += 1
                guard header.hasValue("chunked") else {
                    return refuse(.malformed("The transfer encoding is not supported."))
                }
            } else if header.isNamed("expect") {
                if header.hasValue("100-continue") {
                    framing.expectsContinue = true
                } else {
                    unknownExpectation = true
                }
            }
        }
        // HTTP/1.0 knows neither a mandatory Host nor chunks.
        guard hosts == 1 || (hosts == 0 && !isCurrent) else {
            return refuse(.malformed("There must be one Host header."))
        }
        guard lengths <= 1, encodings <= 1, lengths + encodings <= 1 else {
            return refuse(.malformed("The length of the body is ambiguous."))
        }
        guard encodings == 0 || isCurrent else {
            return refuse(.malformed("HTTP/1.0 has no transfer encodings."))
        }
        guard isAllowed(method) else { return refuse(.methodNotAllowed) }
        if unknownExpectation { return refuse(.expectationFailed) }
        if encodings == 1 { framing.contentLength = nil }
        if let length = framing.contentLength, length > maximumBody {
            return .failure(Refused(reason: .bodyTooLarge(maximum: maximumBody), framing: framing))
        }
        return .success(framing)
    }

    /// A refusal with what is known of the body that may follow.
    struct Refused: Error, Equatable {
        let reason: Refusal
        let framing: Framing
    }

    private static func refuse(_ reason: Refusal) -> Result<Framing, Refused> {
        .failure(Refused(reason: reason, framing: Framing()))
    }

    private static func isAllowed(_ method: UnsafeBufferPointer<UInt8>) -> Bool {
        ["GET", "POST", "DELETE", "PUT", "HEAD"].contains { method.elementsEqual($0.utf8) }
    }

    /// Digits only: no sign, no list, no white space within. More than 18 of them exceed every limit anyway.
    private static func decimal(_ value: UnsafeBufferPointer<UInt8>) -> Int? {
        guard (1...18).contains(value.count) else { return nil }
        var number = 0
        for byte in value {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }

    /// RFC 9110 §5.6.2. A space or tab before the colon ends up in the name here.
    private static func isToken(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        !name.isEmpty
            && name.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60,
                    0x7C, 0x7E:
                    true
                default: false
                }
            }
    }

    /// RFC 9110 §5.5: visible characters, space, tab and what is beyond ASCII.
    private static func isFieldValue(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        value.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}
