// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Glibc
import HTTPClient
import JSON

/// A key that encrypts one thing, in the clear and as KMS wrapped it.
public struct DataKey: Sendable {
    /// 32 bytes; wipe them after use.
    public var plaintext: [UInt8]
    /// What KMS calls CiphertextBlob: it names the key it was wrapped with.
    public let wrapped: [UInt8]

    public init(plaintext: [UInt8], wrapped: [UInt8]) {
        self.plaintext = plaintext
        self.wrapped = wrapped
    }

    /// Overwrites the key in the clear.
    public mutating func wipe() { SecretBytes.wipe(&plaintext) }
}

/// Asks a server that speaks the API of AWS's Key Management Service. Each call has a connection of its own, for they
/// are few; so any number of threads may share a client. Nothing is repeated: whoever asks knows how long he can wait.
public struct KMSClient: Sendable {
    /// KMS takes and gives wrapped keys of at most so many bytes.
    private static let longestWrappedKey = 6_144
    private static let maximumBody = 64 << 10

    private let endpoint: AWSEndpoint
    private let settings: AWSSettings
    private let signer: SigV4Signer?

    public init(endpoint: AWSEndpoint, settings: AWSSettings) {
        self.endpoint = endpoint
        self.settings = settings
        signer = settings.credentials.map { SigV4Signer(credentials: $0, region: settings.region, service: "kms") }
    }

    /// Reads `AWS_ENDPOINT_URL_KMS` or `AWS_ENDPOINT_URL`, and what `AWSSettings` reads; nil where no endpoint is set.
    public init?(environment: [String: String]) throws(AWSSettingsError) {
        guard let endpoint = try AWSSettings.endpoint(of: "KMS", in: environment)?.endpoint else { return nil }
        self.init(endpoint: endpoint, settings: try AWSSettings(environment: environment))
    }

    /// A new data key of 256 bits.
    /// - Parameters:
    ///   - key: the ARN of the key to wrap it with, or of an alias.
    ///   - context: what it can be unwrapped with only. KMS logs it in the clear.
    ///   - timeoutMilliseconds: for the whole call, at least 1.
    public func generateDataKey(
        _ key: String, context: [String: String], timeoutMilliseconds: Int,
        isCancelled: () -> Bool = { false }
    ) throws(KMSError) -> DataKey {
        let answer = try call(
            "GenerateDataKey",
            ["KeyId": .string(key), "KeySpec": "AES_256", "EncryptionContext": Self.json(context)],
            timeoutMilliseconds, isCancelled)
        guard let wrapped = answer["CiphertextBlob"]?.stringValue.flatMap(Base64.decode), !wrapped.isEmpty,
            wrapped.count <= Self.longestWrappedKey
        else { throw Self.nonsense }
        return DataKey(plaintext: try Self.plaintext(answer), wrapped: wrapped)
    }

    /// The data key that was wrapped; wipe it after use. Parameters are as above.
    /// - Parameter key: KMS refuses any other key than this. An alias is not told to it, for it may lead to another key
    ///   by now; the wrapped key itself names the right one.
    public func decrypt(
        _ wrapped: [UInt8], key: String, context: [String: String], timeoutMilliseconds: Int,
        isCancelled: () -> Bool = { false }
    ) throws(KMSError) -> [UInt8] {
        var input: JSONObject = [
            "CiphertextBlob": .string(Base64.encode(wrapped)), "EncryptionContext": Self.json(context),
        ]
        if !key.contains(":alias/") { input["KeyId"] = .string(key) }
        return try Self.plaintext(try call("Decrypt", input, timeoutMilliseconds, isCancelled))
    }

    private static let nonsense = KMSError(.unavailable, code: "", "KMS answered what is no answer")

    private static func plaintext(_ answer: JSONObject) throws(KMSError) -> [UInt8] {
        guard let key = answer["Plaintext"]?.stringValue.flatMap(Base64.decode), key.count == AES256GCM.keyLength else {
            throw nonsense
        }
        return key
    }

    private static func json(_ context: [String: String]) -> JSONValue {
        .object(JSONObject(context.sorted { $0.key < $1.key }.map { (key: $0.key, value: .string($0.value)) }))
    }

    private func call(
        _ operation: String, _ input: JSONObject, _ timeoutMilliseconds: Int, _ isCancelled: () -> Bool
    ) throws(KMSError) -> JSONObject {
        var configuration = HTTPClientConfiguration()
        configuration.totalMilliseconds = max(1, timeoutMilliseconds)
        configuration.allowsLinkLocal = settings.allowsLinkLocal
        configuration.certificateFile = settings.certificateFile
        let response: HTTPClientResponse
        // The answer holds the key in the clear. The texts that it is parsed into cannot be wiped.
        var body: [UInt8] = []
        defer { SecretBytes.wipe(&body) }
        do throws(HTTPClientError) {
            (response, body) = try HTTPClient(configuration).perform(
                request(operation, input), maximumBody: Self.maximumBody, isCancelled: isCancelled)
        } catch {
            throw KMSError(error)
        }
        let answer = try? JSONValue.parse(body).objectValue
        guard response.status == 200 else {
            throw KMSError(
                status: response.status, type: response.header("x-amzn-errortype") ?? answer?["__type"]?.stringValue)
        }
        guard let answer else { throw Self.nonsense }
        return answer
    }

    private func request(_ operation: String, _ input: JSONObject) -> HTTPClientRequest {
        let path = endpoint.path + "/"
        let body = input.serialized()
        var headers = [
            ("host", endpoint.authority), ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "TrentService.\(operation)"),
        ]
        if let signer {
            headers += signer.sign(
                method: "POST", rawPath: path, rawQuery: "", headers: headers,
                payloadHash: Hex.encode(SHA256.hash(body)), epochSeconds: time(nil))
        }
        return HTTPClientRequest(
            method: "POST", url: "\(endpoint.scheme)://\(endpoint.authority)\(path)", headers: headers, body: body)
    }
}
