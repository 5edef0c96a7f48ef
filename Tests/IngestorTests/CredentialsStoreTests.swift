// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Cryptography
import Foundation
import HTTPServer
import Observability
import Testing

@testable import Ingestor

/// A credentials file that a test rewrites, and a log that it reads.
private final class CredentialsFolder {
    static let secret = "a secret of alice"
    static let token = "token-of-the-dashboard"
    static let valid = """
        [alice]
        aws_access_key_id = AKALICE
        aws_secret_access_key = \(secret)
        [dashboard]
        bearer_token = \(token)
        account = 123456789012
        role = read-only
        """

    let folder = FileManager.default.temporaryDirectory.appending(path: UUIDs.v4())
    let metrics = MetricsRegistry()
    private let log: FileHandle
    private(set) var store: CredentialsStore!

    init(_ text: String = valid) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let logPath = folder.appending(path: "log").path
        #expect(FileManager.default.createFile(atPath: logPath, contents: nil))
        log = try #require(FileHandle(forWritingAtPath: logPath))
        try write(text)
        store = try CredentialsStore(
            path: path, defaultAccount: "000000000000",
            logger: Logger(role: "api", level: .info, descriptor: log.fileDescriptor),
            reloads: metrics.counter("reloads", help: "", labels: ["result"]))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var path: String { folder.appending(path: "credentials").path }
    var logged: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }

    func write(_ text: String) throws { try text.write(toFile: path, atomically: false, encoding: .utf8) }

    /// What the store's thread does, as often as new content needs.
    func settle() {
        store.refresh()
        store.refresh()
    }
}

@Suite struct CredentialsStoreTests {
    @Test func `a new file replaces all keys at once`() throws {
        let folder = try CredentialsFolder()
        #expect(folder.store.count == 2)
        try folder.write("[bob]\naws_access_key_id = AKBOB\naws_secret_access_key = S\n")
        folder.store.refresh()
        #expect(folder.store.current.principals["AKALICE"] != nil, "it may be half written")
        folder.store.refresh()
        #expect(Array(folder.store.current.principals.keys) == ["AKBOB"])
        #expect(folder.store.current.bearerTokens.count == 0)
        #expect(folder.metrics.render().contains("reloads{result=\"ok\"} 1"))
    }

    @Test func `a file that keeps changing is waited for`() throws {
        let folder = try CredentialsFolder()
        for number in 0..<4 {
            try folder.write("[bob]\naws_access_key_id = AKBOB\naws_secret_access_key = S\(number)\n")
            folder.store.refresh()
            #expect(folder.store.current.principals["AKALICE"] != nil)
        }
        folder.store.refresh()
        #expect(folder.store.current.principals["AKBOB"]?.secretKey == "S3")
    }

    @Test func `a file of no use keeps what was, and is reported once`() throws {
        let folder = try CredentialsFolder()
        let broken = "[alice]\naws_secret_access_key = hush-hush\nrole = hush-hush\n"
        try folder.write(broken)
        for _ in 0..<5 { folder.store.refresh() }
        #expect(folder.store.current.principals["AKALICE"]?.secretKey == CredentialsFolder.secret)
        try FileManager.default.removeItem(atPath: folder.path)
        for _ in 0..<5 { folder.store.refresh() }
        #expect(folder.store.count == 2)
        #expect(folder.metrics.render().contains("reloads{result=\"refused\"} 2"))
        #expect(folder.logged.split(separator: "\n").filter { $0.contains("\"level\":\"error\"") }.count == 2)
        #expect(!folder.logged.contains("hush-hush") && !folder.logged.contains(CredentialsFolder.secret))
        try folder.write("[alice]\naws_access_key_id = AKALICE\naws_secret_access_key = new\n")
        folder.settle()
        #expect(folder.store.current.principals["AKALICE"]?.secretKey == "new")
    }

    @Test func `a file of no use at the start is an error`() {
        #expect(throws: CredentialsFileError.self) { try CredentialsFolder("[alice]\n") }
    }
}

@Suite struct AuthenticatorTests {
    private func request(_ headers: [(String, String)] = [], query: String = "") -> HTTPRequest {
        HTTPRequest(
            id: "1", method: "POST", rawPath: "/list-flows", rawQuery: query,
            headers: HTTPHeaders([("Host", "localhost")] + headers))
    }

    private func signed(secret: String = CredentialsFolder.secret) -> HTTPRequest {
        let signer = SigV4Signer(
            credentials: SigV4Credentials(accessKey: "AKALICE", secretKey: secret), region: "eu-west-1",
            service: "appflow")
        return request(
            signer.sign(
                method: "POST", rawPath: "/list-flows", rawQuery: "", headers: [("Host", "localhost")],
                payloadHash: SigV4Signer.emptyPayloadHash, epochSeconds: Int(Date().timeIntervalSince1970)))
    }

    @Test func `signatures and bearer tokens name their owner`() throws {
        let folder = try CredentialsFolder()
        let authenticator = Authenticator(credentials: folder.store, account: "000000000000", region: "r")
        let alice = try authenticator.authenticate(signed())
        #expect(alice.principal == "arn:aws:iam::000000000000:user/AKALICE" && alice.mayWrite)
        #expect(alice.account == "000000000000")
        let dashboard = try authenticator.authenticate(
            request([("authorization", "bearer \(CredentialsFolder.token)")]))
        #expect(dashboard.principal == "arn:aws:iam::123456789012:user/dashboard" && !dashboard.mayWrite)
        #expect(dashboard.account == "123456789012")
    }

    @Test func `rotation counts for the next request`() throws {
        let folder = try CredentialsFolder()
        let authenticator = Authenticator(credentials: folder.store, account: "000000000000", region: "r")
        _ = try authenticator.authenticate(signed())
        try folder.write("[alice]\naws_access_key_id = AKALICE\naws_secret_access_key = new\n")
        folder.settle()
        #expect(throws: APIError.self) { try authenticator.authenticate(signed()) }
        #expect(try authenticator.authenticate(signed(secret: "new")).mayWrite)
        let old = #expect(throws: APIError.self) {
            try authenticator.authenticate(request([("Authorization", "Bearer \(CredentialsFolder.token)")]))
        }
        #expect(old?.code == "UnrecognizedClientException" && old?.status == 403)
    }

    @Test func `two claims at once are refused`() throws {
        let folder = try CredentialsFolder()
        let authenticator = Authenticator(credentials: folder.store, account: "000000000000", region: "r")
        let bearer = ("Authorization", "Bearer \(CredentialsFolder.token)")
        for double in [request([bearer, bearer]), request([bearer], query: "X-Amz-Signature=00")] {
            let error = #expect(throws: APIError.self) { try authenticator.authenticate(double) }
            #expect(error?.code == "IncompleteSignature")
        }
        let nothing = #expect(throws: APIError.self) { try authenticator.authenticate(request()) }
        #expect(nothing?.code == "MissingAuthenticationTokenException")
    }

    @Test func `a request tells what kind of client sent it`() {
        #expect(AuthenticationMethod(of: request()) == .none)
        #expect(AuthenticationMethod(of: request([("Authorization", "Bearer x")])) == .bearer)
        #expect(AuthenticationMethod(of: signed(secret: "any")) == .sigV4)
        #expect(AuthenticationMethod(of: request(query: "X-Amz-Signature=00")) == .sigV4)
    }

    @Test func `without authentication everybody is the root of the account`() throws {
        let authenticator = Authenticator(credentials: nil, account: "000000000000", region: "r")
        #expect(try authenticator.authenticate(request()).principal == "arn:aws:iam::000000000000:root")
    }
}
