// SPDX-License-Identifier: Apache-2.0
import Cryptography
import FaultServer
import JSON
import Testing

@testable import AWSClient

@Suite struct KMSClientTests {
    private let arn = "arn:aws:kms:us-east-1:000000000000:key/k"
    private static let plaintext = [UInt8](repeating: 7, count: 32)

    private func client(_ url: String, signed: Bool = true) throws -> KMSClient {
        var settings = AWSSettings()
        if signed { settings.credentials = SigV4Credentials(accessKey: "AK", secretKey: "hush") }
        return KMSClient(endpoint: try #require(AWSEndpoint(url)), settings: settings)
    }

    private func generate(_ client: KMSClient, milliseconds: Int = 60_000) throws -> DataKey {
        try client.generateDataKey(arn, context: ["b": "2", "a": "1"], timeoutMilliseconds: milliseconds)
    }

    private func failure(_ url: String, milliseconds: Int = 60_000) throws -> KMSError? {
        let client = try client(url)
        return #expect(throws: KMSError.self) { _ = try generate(client, milliseconds: milliseconds) }
    }

    private static func answer(_ plaintext: [UInt8] = plaintext, wrapped: [UInt8] = [1, 2]) -> String {
        #"{"KeyId":"k","Plaintext":"\#(Base64.encode(plaintext))","CiphertextBlob":"\#(Base64.encode(wrapped))"}"#
    }

    // MARK: Requests

    @Test func aDataKeyIsAskedForInKMSsWords() throws {
        let server = FaultServer { _, connection in connection.respond(200, text: Self.answer()) }
        var key = try generate(try client(server.url + "/base"))
        #expect(key.plaintext == Self.plaintext && key.wrapped == [1, 2])
        key.wipe()
        #expect(key.plaintext.isEmpty)
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request.target == "/base/")
        #expect(request.header("content-type") == "application/x-amz-json-1.1")
        #expect(request.header("x-amz-target") == "TrentService.GenerateDataKey")
        #expect(request.header("authorization")?.contains("/us-east-1/kms/aws4_request") == true)
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == #"{"KeyId":"\#(arn)","KeySpec":"AES_256","EncryptionContext":{"a":"1","b":"2"}}"#)
    }

    @Test func aKeyIsUnwrappedByTheKeyThatWrappedIt() throws {
        let server = FaultServer { _, connection in connection.respond(200, text: Self.answer()) }
        let client = try client(server.url, signed: false)
        let context = ["a": "1"]
        #expect(
            try client.decrypt([1, 2], key: arn, context: context, timeoutMilliseconds: 60_000) == Self.plaintext)
        _ = try client.decrypt(
            [1, 2], key: "arn:aws:kms:r:1:alias/x", context: context, timeoutMilliseconds: 60_000)
        let bodies = server.requests.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies[0] == #"{"CiphertextBlob":"AQI=","EncryptionContext":{"a":"1"},"KeyId":"\#(arn)"}"#)
        #expect(bodies[1] == #"{"CiphertextBlob":"AQI=","EncryptionContext":{"a":"1"}}"#, "an alias may have moved")
        #expect(server.requests[0].header("x-amz-target") == "TrentService.Decrypt")
        #expect(server.requests[0].header("authorization") == nil)
    }

    // MARK: Refusals

    @Test(arguments: [
        (400, "AccessDeniedException", KMSError.Kind.denied), (400, "NotFoundException", .unknownKey),
        (400, "com.amazonaws.kms#DisabledException", .disabledKey), (400, "KMSInvalidStateException", .disabledKey),
        (400, "InvalidArnException", .unusableKey), (400, "InvalidKeyUsageException", .unusableKey),
        (400, "ValidationException", .unusableKey), (400, "InvalidCiphertextException", .wrongCiphertext),
        (400, "IncorrectKeyException", .wrongCiphertext), (400, "UnrecognizedClientException", .misconfigured),
        (403, "SignatureDoesNotMatch", .misconfigured), (400, "ThrottlingException", .unavailable),
        (500, "KMSInternalException", .unavailable), (503, "", .unavailable), (429, "", .unavailable),
        (400, "so strange", .unusableKey),
    ])
    func whatKMSRefuses(status: Int, type: String, kind: KMSError.Kind) throws {
        let server = FaultServer { _, connection in
            connection.respond(status, text: #"{"__type":"\#(type)","message":"User: arn:aws:iam::1:user/hidden"}"#)
        }
        let error = try failure(server.url)
        #expect(error?.kind == kind && error?.isRetriable == (kind == .unavailable))
        #expect(error.map { "\($0)".contains("hidden") || "\($0)".contains("so strange") } == false)
    }

    @Test func theHeaderNamesTheErrorToo() throws {
        let server = FaultServer { _, connection in
            connection.respond(400, [("x-amzn-ErrorType", "NotFoundException:http://internal/")], text: "")
        }
        let error = try failure(server.url)
        #expect(error?.kind == .unknownKey && error?.code == "NotFoundException")
    }

    @Test(arguments: [
        "", "[]", "{}", answer([1, 2, 3]), answer(wrapped: []),
        answer(wrapped: [UInt8](repeating: 1, count: 6_145)), String(repeating: " ", count: 100_000),
    ])
    func whatIsNoAnswerIsNoKey(text: String) throws {
        let server = FaultServer { _, connection in connection.respond(200, text: text) }
        let error = try failure(server.url)
        #expect(error?.kind == .unavailable)
    }

    // MARK: Silence

    @Test func aServerThatStallsIsLeft() throws {
        let server = FaultServer { _, connection in connection.stallUntilClientLeaves() }
        #expect(try failure(server.url, milliseconds: 50)?.kind == .unavailable)
        #expect(server.requests.count == 1)
    }

    @Test func aServerThatDripsIsLeft() throws {
        let server = FaultServer { _, connection in
            connection.send(connection.head(200, [("Content-Length", "1000")]))
            for _ in 0..<1_000_000 { connection.send([UInt8(ascii: " ")]) }
            connection.stallUntilClientLeaves()
        }
        #expect(try failure(server.url, milliseconds: 50)?.kind == .unavailable)
    }

    @Test func nobodyAtTheAddress() throws {
        #expect(try failure("http://127.0.0.1:1")?.kind == .unavailable)
    }

    @Test func metadataAddressesAreNotAsked() throws {
        #expect(try failure("http://169.254.169.254")?.kind == .misconfigured)
    }

    @Test func whoeverStopsIsNotKeptWaiting() throws {
        let server = FaultServer { _, connection in connection.stallUntilClientLeaves() }
        let client = try client(server.url)
        let error = #expect(throws: KMSError.self) {
            try client.generateDataKey(arn, context: [:], timeoutMilliseconds: 600_000, isCancelled: { true })
        }
        #expect(error?.kind == .unavailable)
    }

    // MARK: Settings

    @Test func theEndpointDecides() throws {
        #expect(try KMSClient(environment: ["AWS_REGION": "eu-north-1", "AWS_ENDPOINT_URL_S3": "http://s"]) == nil)
        #expect(try KMSClient(environment: ["AWS_ENDPOINT_URL": "http://h"]) != nil)
        #expect(try KMSClient(environment: ["AWS_ENDPOINT_URL_KMS": "http://h"]) != nil)
        let special = try AWSSettings.endpoint(
            of: "KMS", in: ["AWS_ENDPOINT_URL": "http://general", "AWS_ENDPOINT_URL_KMS": "http://special:9000"])
        #expect(special?.text == "http://special:9000")
        for (variable, value) in [("AWS_ENDPOINT_URL_KMS", "h:1"), ("AWS_REGION", "eu west")] {
            let error = #expect(throws: AWSSettingsError.self) {
                try KMSClient(environment: ["AWS_ENDPOINT_URL": "http://h", variable: value])
            }
            #expect(error?.variable == variable)
        }
    }
}
