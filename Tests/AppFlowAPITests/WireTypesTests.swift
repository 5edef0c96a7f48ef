// SPDX-License-Identifier: Apache-2.0

import AppFlowAPI
import JSON
import Testing

@Suite struct APIErrorTests {
    @Test(arguments: [
        (APIError.validation("m"), "ValidationException", 400), (.conflict("m"), "ConflictException", 409),
        (.notFound("m"), "ResourceNotFoundException", 404), (.quota("m"), "ServiceQuotaExceededException", 402),
        (.accessDenied("m"), "AccessDeniedException", 403), (.unsupported("m"), "UnsupportedOperationException", 400),
        (.throttling("m"), "ThrottlingException", 429), (.internalServer("m"), "InternalServerException", 500),
        (.serialization("m"), "SerializationException", 400), (.unavailable("m"), "ServiceUnavailable", 503),
        (.tooLarge("m"), "RequestEntityTooLargeException", 413), (.requestTimeout("m"), "RequestTimeoutException", 408),
        (.invalidSignature("m"), "InvalidSignatureException", 403),
        (.connectorServer("m"), "ConnectorServerException", 400),
        (.connectorAuthentication("m"), "ConnectorAuthenticationException", 401),
        (.unknownOperation("m"), "UnknownOperationException", 404),
    ])
    func codesAndStatuses(_ error: APIError, _ code: String, _ status: Int) {
        #expect(error.code == code)
        #expect(error.status == status)
        #expect(APIError(code: code, message: "m") == error)
        #expect(error.body == Array(#"{"message":"m"}"#.utf8))
    }

    @Test func unknownCodesAreFaults() {
        #expect(APIError(code: "Whatever", message: "").status == 500)
        #expect(APIError.unavailable("m", retryAfterSeconds: 3).retryAfterSeconds == 3)
        #expect(APIError.validation("a \"b\"\n").body == Array(#"{"message":"a \"b\"\n"}"#.utf8))
    }
}

@Suite struct ARNTests {
    @Test func makesAndParses() {
        let arn = ARN.flow(region: "us-east-1", account: "000000000000", name: "f1")
        #expect(arn == "arn:aws:appflow:us-east-1:000000000000:flow/f1")
        let parts = ARN.parse(arn)
        #expect(parts?.region == "us-east-1")
        #expect(parts?.account == "000000000000")
        #expect(parts?.kind == .flow)
        #expect(parts?.name == "f1")
        #expect(ARN.parse(ARN.connectorProfile(region: "r", account: "1", name: "a/b"))?.name == "a/b")
        #expect(ARN.parse(ARN.connector(region: "r", account: "1", label: "l"))?.kind == .connector)
    }

    @Test(arguments: [
        "", "f1", "arn:aws:s3:::b", "arn:aws:appflow:r:1:flow", "arn:aws:appflow:r:1:flow/",
        "arn:aws:appflow:r:1:thing/x",
        "arn:aws:appflow::1:flow/x", "arn:aws:appflow:r::flow/x", "arn:aws:appflow:r:1", "arn:gcp:appflow:r:1:flow/x",
    ])
    func refuses(_ text: String) {
        #expect(ARN.parse(text) == nil)
    }
}

@Suite struct WireTimestampTests {
    @Test(arguments: [
        (Int64(1_628_732_168_132_999), "1628732168.132"), (0, "0.000"), (1_000, "0.001"), (999, "0.000"),
        (-1, "-0.001"), (-1_500_000, "-1.500"), (1_650_978_000_000_000, "1650978000.000"),
    ])
    func writesMilliseconds(_ microseconds: Int64, _ text: String) {
        #expect(WireTimestamp.json(microseconds: microseconds).serializedString() == text)
    }

    @Test(
        arguments: [
            (1_650_978_000, Int64(1_650_978_000_000_000)), (1_628_732_168.132, 1_628_732_168_132_000), (0, 0),
            (-1.5, -1_500_000),
            ("2022-04-26T13:00:00-07:00", 1_651_003_200_000_000), ("2022-04-26T20:00:00Z", 1_651_003_200_000_000),
            ("2022-04-26T20:00:00.1234567Z", 1_651_003_200_123_456), ("2022-04-26", 1_650_931_200_000_000),
            ("2022-04-26T20:00", 1_651_003_200_000_000), ("2022-04-26 20:00:00+0000", 1_651_003_200_000_000),
            ("2020-02-29T00:00:00Z", 1_582_934_400_000_000), ("1969-12-31T23:59:59Z", -1_000_000),
            ("0001-01-01", -62_135_596_800_000_000), ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
            ("2000-03-01T00:00:00+01", 951_865_200_000_000),
        ] as [(JSONValue, Int64)])
    func reads(_ value: JSONValue, _ microseconds: Int64) {
        #expect(WireTimestamp.parse(value) == microseconds)
    }

    @Test(
        arguments: [
            nil, true, "", "soon", "2022-13-01", "2022-02-29", "2022-04-31", "2022-00-01", "2022-01-00",
            "2022-01-01T24:00",
            "2022-01-01T00:60", "2022-01-01T00:00:61", "2022-01-01T00:00:00.", "2022-01-01T00:00:00X", "2022-1-1",
            "20220101",
            "2022-01-01T00:00:00+25:00", "2022-01-01T00:00:00Z ", "0000-01-01", 1e15, 9_223_372_036_854_775_807,
            "0001-01-01T00:00:00+01:00", "1650978000", [],
        ] as [JSONValue])
    func refuses(_ value: JSONValue) {
        #expect(WireTimestamp.parse(value) == nil)
    }
}

@Suite struct TaskDataTypeTests {
    @Test(arguments: [
        ("string", TaskDataType.text), ("Integer", .number), ("DOUBLE", .number), ("Edm.Int32", .number),
        ("Edm.String", .text), ("currency", .number), ("date", .dateTime), ("DateTime", .dateTime),
        ("Edm.DateTimeOffset", .dateTime), ("Boolean", .boolean), ("picklist", .text), ("CSV", .text), ("", .text),
        (".", .text),
    ])
    func readsNames(_ name: String, _ type: TaskDataType) {
        #expect(TaskDataType(name: name) == type)
    }

    @Test(arguments: [
        (
            TaskDataType.number, ["0", "-1.5", "+2", "1e3", " 7 ", ".5"],
            ["", " ", "abc", "nan", "inf", "0x10", "1,5", "1e999", "--1"]
        ),
        (
            .dateTime, ["1643760000000", "-1", "2022-01-31", "2022-01-31T00:00:00Z"],
            ["", "yesterday", "99999999999999999999", "2022-02-30"]
        ),
        (.boolean, ["true", "FALSE"], ["", "1", "yes"]), (.text, ["", "anything"], []),
    ])
    func acceptsLiterals(_ type: TaskDataType, _ good: [String], _ bad: [String]) {
        for literal in good { #expect(type.accepts(literal), "'\(literal)'") }
        for literal in bad { #expect(!type.accepts(literal), "'\(literal)'") }
    }

    @Test func momentsAreMilliseconds() {
        #expect(TaskDataType.microseconds(of: "1643760000000") == 1_643_760_000_000_000)
        #expect(TaskDataType.microseconds(of: "2022-02-02T00:00:00Z") == 1_643_760_000_000_000)
        #expect(TaskDataType.microseconds(of: "9223372036854775807") == nil)
    }
}
