// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Foundation
import Testing

@testable import Connectors

/// A store that the shared suite runs against, with a bucket of its own that is removed afterwards if it is a folder.
enum StoreUnderTest: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case folder, durableFolder, s3

    var testDescription: String { rawValue }

    /// An S3 server to test against, such as moto's or `rclone serve s3`, with the keys of the `AWS_…` variables.
    static let endpoint = ProcessInfo.processInfo.environment["MILLRACE_TEST_S3_ENDPOINT"]

    static let available = endpoint == nil ? [StoreUnderTest.folder, .durableFolder] : allCases

    static func s3Settings() throws -> S3Settings {
        var environment = ProcessInfo.processInfo.environment
        environment["AWS_ENDPOINT_URL_S3"] = endpoint
        environment["AWS_ACCESS_KEY_ID"] = environment["AWS_ACCESS_KEY_ID"] ?? "test"
        environment["AWS_SECRET_ACCESS_KEY"] = environment["AWS_SECRET_ACCESS_KEY"] ?? "testsecret"
        return try S3Settings(environment: environment)
    }

    /// Runs `body` with a store and the name of a fresh bucket.
    func with(_ body: (any ObjectStore, _ bucket: String) throws -> Void) throws {
        let bucket = "b-" + UUIDs.v4()
        switch self {
        case .folder, .durableFolder:
            try TemporaryFolder.with { root in
                try FileManager.default.createDirectory(atPath: "\(root)/\(bucket)", withIntermediateDirectories: false)
                try body(FolderObjectStore(root: root, durable: self == .durableFolder), bucket)
            }
        case .s3:
            let store = try S3ObjectStore(settings: Self.s3Settings())
            _ = try store.client.send(S3Client.Request(method: "PUT", bucket: bucket))
            try body(store, bucket)
        }
    }
}

enum TemporaryFolder {
    static func with(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "millrace-" + UUIDs.v4()).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }
}

extension ObjectStore {
    /// Writes an object in one part.
    func put(_ bucket: String, _ key: String, _ text: String) throws {
        let id = try beginUpload(bucket: bucket, key: key, contentType: "text/plain")
        let etag = try uploadPart(bucket: bucket, key: key, uploadID: id, number: 1, bytes: Array(text.utf8))
        try completeUpload(bucket: bucket, key: key, uploadID: id, parts: [(1, etag)])
    }

    func bytes(_ bucket: String, _ key: String, etag: String? = nil, from offset: Int64 = 0) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try read(bucket: bucket, key: key, etag: etag, from: offset) { bytes.append(contentsOf: $0) }
        return bytes
    }

    func text(_ bucket: String, _ key: String, etag: String? = nil, from offset: Int64 = 0) throws -> String {
        String(decoding: try bytes(bucket, key, etag: etag, from: offset), as: UTF8.self)
    }

    /// The keys of all pages.
    func keys(_ bucket: String, _ prefix: String = "") throws -> [String] {
        var keys: [String] = []
        var continuation: String?
        repeat {
            let page = try list(bucket: bucket, prefix: prefix, continuation: continuation)
            keys += page.objects.map(\.key)
            continuation = page.next
        } while continuation != nil
        return keys
    }
}

/// The code of the store's error that `body` throws.
func code(_ body: () throws -> Void) throws -> ObjectStoreError.Code? {
    do {
        try body()
        return nil
    } catch let error as ObjectStoreError {
        return error.code
    }
}
