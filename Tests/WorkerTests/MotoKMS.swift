// SPDX-License-Identifier: Apache-2.0
import AWSClient
import Cryptography
import Foundation
import HTTPClient
import JSON
import LocalServices
import TestSupport
import Testing

/// moto's KMS as a server process of its own, from the virtual environment that the integration tests use.
final class MotoKMS {
    /// Nil where that was not made yet: `make venv`.
    static let python: String? = {
        let tree = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let path = ProcessInfo.processInfo.environment["MILLRACE_TEST_PYTHON"] ?? tree + "/.venv/bin/python"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    let url: String
    private let process: ChildProcess

    init() throws {
        let python = try #require(Self.python)
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("moto-\(UUID().uuidString).log").path
        defer { unlink(log) }
        process = try ChildProcess(
            python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], environment: ChildProcess.plainEnvironment,
            output: .append(path: log))
        // It says which port the system gave it.
        var found: String?
        let process = process
        _ = eventually {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            found = text.firstMatch(of: #/Running on (http://127\.0\.0\.1:\d+)/#).map { String($0.1) }
            return found != nil || !process.isRunning
        }
        url = try #require(found, "moto does not start")
    }

    deinit { _ = process.terminate(timeoutMilliseconds: 5_000) }

    private var settings: AWSSettings {
        var settings = AWSSettings()
        settings.credentials = SigV4Credentials(accessKey: "AK", secretKey: "secret")
        return settings
    }

    func client() throws -> KMSClient {
        KMSClient(endpoint: try #require(AWSEndpoint(url)), settings: settings)
    }

    /// Makes a key and answers its ARN.
    func makeKey() throws -> String {
        let endpoint = try #require(AWSEndpoint(url))
        let credentials = try #require(settings.credentials)
        let body = Array("{}".utf8)
        var headers = [
            ("host", endpoint.authority), ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "TrentService.CreateKey"),
        ]
        headers += SigV4Signer(credentials: credentials, region: settings.region, service: "kms").sign(
            method: "POST", rawPath: "/", rawQuery: "", headers: headers, payloadHash: Hex.encode(SHA256.hash(body)),
            epochSeconds: time(nil))
        let (response, answer) = try HTTPClient().perform(
            HTTPClientRequest(method: "POST", url: url + "/", headers: headers, body: body), maximumBody: 1 << 16)
        try #require(response.status == 200)
        return try #require(try JSONValue.parse(answer)["KeyMetadata"]?["Arn"]?.stringValue)
    }
}
