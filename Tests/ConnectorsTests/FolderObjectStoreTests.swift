// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Connectors

@Suite struct FolderObjectStoreTests {
    private func withBucket(pageSize: Int = 1000, _ body: (FolderObjectStore, String) throws -> Void) throws {
        try TemporaryFolder.with { root in
            try FileManager.default.createDirectory(atPath: root + "/bucket", withIntermediateDirectories: false)
            try body(FolderObjectStore(root: root + "/", durable: false, pageSize: pageSize), root)
        }
    }

    private func write(_ path: String, _ text: String = "x") throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    @Test(arguments: [
        "../outside", "a/../../outside", "..", "a/..", ".", "a/./b", "/etc/passwd", "a//b", "a/", "", "a\0b",
        String(repeating: "k", count: 256), String(repeating: "folder/", count: 200) + "k",
    ])
    func `keys that no file below the bucket can stand for`(key: String) throws {
        try withBucket { store, root in
            try write(root + "/outside")
            #expect(try code { _ = try store.bytes("bucket", key) } == .invalidKey)
            #expect(try code { try store.put("bucket", key, "y") } == .invalidKey)
            #expect(try String(contentsOfFile: root + "/outside", encoding: .utf8) == "x")
        }
    }

    @Test(arguments: ["../", "a/../", "/", "a//", "./x", "a\0"])
    func `prefixes that no key begins with`(prefix: String) throws {
        try withBucket { store, _ throws in #expect(try code { _ = try store.keys("bucket", prefix) } == .invalidKey) }
    }

    @Test func `links within the bucket are followed, links out of it refused`() throws {
        try withBucket { store, root in
            let files = FileManager.default
            try write(root + "/secret", "secret")
            try write(root + "/bucketeer/secret", "secret")
            try write(root + "/bucket/real/file", "content")
            for (link, target) in [
                ("out", "../secret"), ("inside", "real/file"), ("folder", "real"), ("up", ".."),
                ("near", "../bucketeer"),
                ("dangling", "nowhere"), ("loop", "loop"),
            ] {
                try files.createSymbolicLink(atPath: "\(root)/bucket/\(link)", withDestinationPath: target)
            }
            #expect(try store.text("bucket", "inside") == "content")
            #expect(try store.text("bucket", "folder/file") == "content")
            for key in ["out", "up/secret", "near/secret", "loop"] {
                #expect(try code { _ = try store.bytes("bucket", key) } == .accessDenied, "\(key)")
            }
            #expect(try code { _ = try store.bytes("bucket", "dangling") } == .noSuchKey)
            for prefix in ["up/", "near/"] {
                #expect(try code { _ = try store.keys("bucket", prefix) } == .accessDenied)
            }
            for key in ["up/x", "near/x", "up/new/x"] {
                #expect(try code { try store.put("bucket", key, "y") } == .accessDenied, "\(key)")
            }
            #expect(!files.fileExists(atPath: root + "/x"))
            #expect(!files.fileExists(atPath: root + "/new"))
            // A completed upload replaces a link, it does not write through it.
            try store.put("bucket", "out", "mine")
            #expect(try String(contentsOfFile: root + "/secret", encoding: .utf8) == "secret")
            #expect(try store.text("bucket", "out") == "mine")
        }
    }

    @Test func `folders behind links are not walked`() throws {
        try withBucket { store, root in
            try write(root + "/bucket/a/file")
            try FileManager.default.createSymbolicLink(atPath: root + "/bucket/a/again", withDestinationPath: "..")
            #expect(try store.keys("bucket") == ["a/file"])
        }
    }

    @Test func `a bucket may be a link itself`() throws {
        try withBucket { store, root in
            try write(root + "/elsewhere/data/k", "content")
            try FileManager.default.createSymbolicLink(atPath: root + "/linked", withDestinationPath: "elsewhere/data")
            #expect(try store.keys("linked") == ["k"])
            #expect(try store.text("linked", "k") == "content")
            try store.put("linked", "new/k", "y")
            #expect(try store.keys("linked") == ["k", "new/k"])
        }
    }

    @Test func `a file is no bucket, and a vanished bucket is none either`() throws {
        try withBucket { store, root in
            try write(root + "/file")
            #expect(try code { _ = try store.keys("file") } == .noSuchBucket)
            #expect(try store.keys("bucket").isEmpty)
            try FileManager.default.removeItem(atPath: root + "/bucket")
            #expect(try code { _ = try store.keys("bucket") } == .noSuchBucket)
        }
    }

    @Test func `folders and files take their places among the keys`() throws {
        try withBucket { store, root in
            let keys = ["a-b", "a.csv", "a/1", "a/b/2", "a0", "b/x"]
            for key in keys { try write(root + "/bucket/" + key) }
            #expect(try store.keys("bucket") == keys)
        }
    }

    @Test func `pages can be asked of any store, in any order`() throws {
        try withBucket(pageSize: 2) { store, root in
            let keys = ["a-b", "a.csv", "a/1", "a/b/2", "a/b/3", "a/c", "a0", "b/x"]
            for key in keys { try write(root + "/bucket/" + key) }
            #expect(try store.keys("bucket") == keys)
            // Without the walk that the page before left behind.
            var continuation: String?
            var found: [String] = []
            repeat {
                let fresh = FolderObjectStore(root: root, pageSize: 2)
                let page = try fresh.list(bucket: "bucket", prefix: "a", continuation: continuation)
                found += page.objects.map(\.key)
                continuation = page.next
            } while continuation != nil
            #expect(found == keys.dropLast())
        }
    }

    @Test func `files that vanish between pages are left out`() throws {
        try withBucket(pageSize: 1) { store, root in
            for key in ["a", "b", "c"] { try write(root + "/bucket/" + key) }
            let page = try store.list(bucket: "bucket", prefix: "", continuation: nil)
            try FileManager.default.removeItem(atPath: root + "/bucket/b")
            let next = try store.list(bucket: "bucket", prefix: "", continuation: page.next)
            #expect(next.objects.map(\.key) == ["c"])
        }
    }

    @Test func `pipes and folders are no objects`() throws {
        try withBucket { store, root in
            mkfifo(root + "/bucket/pipe", 0o600)
            try write(root + "/bucket/folder/x")
            #expect(try store.keys("bucket") == ["folder/x"])
            // Would wait for ever for a writer.
            #expect(try code { _ = try store.bytes("bucket", "pipe") } == .noSuchKey)
            #expect(try code { _ = try store.bytes("bucket", "folder") } == .noSuchKey)
            #expect(try code { _ = try store.bytes("bucket", "folder/x/y") } == .noSuchKey)
            #expect(try !store.exists(bucket: "bucket", key: "folder"))
        }
    }

    @Test func `a key cannot be both a file and a folder`() throws {
        try withBucket { store, root in
            try store.put("bucket", "a/b", "x")
            #expect(try code { try store.put("bucket", "a", "y") } == .invalidKey)
            #expect(try code { try store.put("bucket", "a/b/c", "y") } == .invalidKey)
            #expect(try store.text("bucket", "a/b") == "x")
        }
    }

    @Test func `pending uploads are listed until they are completed or aborted`() throws {
        try withBucket { store, root in
            let long = "out/" + String(repeating: "ü/", count: 200) + "x"
            var ids: [String: String] = [:]
            for key in ["out/a b", "out/c", "other", long] {
                let id = try store.beginUpload(bucket: "bucket", key: key, contentType: "")
                _ = try store.uploadPart(bucket: "bucket", key: key, uploadID: id, number: 1, bytes: [1])
                ids[key] = id
            }
            #expect(try store.listUploads(bucket: "bucket", prefix: "").count == 4)
            // Another process sweeps: it knows nothing but the folder.
            let sweeper = FolderObjectStore(root: root)
            let pending = try sweeper.listUploads(bucket: "bucket", prefix: "out/")
            #expect(Set(pending.map(\.uploadID)) == Set([ids["out/a b"], ids["out/c"], ids[long]].compactMap { $0 }))
            #expect(pending.contains { $0.key == "out/a b" && $0.initiatedMicroseconds > 1_700_000_000_000_000 })
            #expect(
                try sweeper.listUploads(bucket: "bucket", prefix: long).map(\.uploadID) == [try #require(ids[long])])
            for upload in pending {
                try sweeper.abortUpload(bucket: "bucket", key: upload.key, uploadID: upload.uploadID)
            }
            #expect(try sweeper.listUploads(bucket: "bucket", prefix: "").map(\.key) == ["other"])
            let other = try #require(ids["other"])
            try store.completeUpload(bucket: "bucket", key: "other", uploadID: other, parts: [(1, "1-0-1")])
            #expect(try sweeper.listUploads(bucket: "bucket", prefix: "").isEmpty)
            #expect(try store.keys("bucket") == ["other"])
        }
    }

    @Test func `pending uploads tell whose they are`() throws {
        try withBucket { store, root in
            let owner = UploadOwner(runID: "00000000-0000-4000-8000-00000000000a", attempt: 12)
            let long = String(repeating: "ü/", count: 200) + "x"
            for key in ["out/a b", long] {
                store.uploadOwner = owner
                let id = try store.beginUpload(bucket: "bucket", key: key, contentType: "")
                _ = try store.uploadPart(bucket: "bucket", key: key, uploadID: id, number: 1, bytes: [1])
            }
            store.uploadOwner = nil
            let nobodys = try store.beginUpload(bucket: "bucket", key: "k", contentType: "")
            _ = try store.uploadPart(bucket: "bucket", key: "k", uploadID: nobodys, number: 1, bytes: [1])

            let sweeper = FolderObjectStore(root: root)
            #expect(try sweeper.ownedUploads(olderThanMilliseconds: 60_000).isEmpty, "they were just written to")
            let found = try sweeper.ownedUploads(olderThanMilliseconds: -60_000)
            #expect(found.map(\.owner) == [owner, owner] && found.allSatisfy { $0.bucket == "bucket" })
            #expect(try sweeper.listUploads(bucket: "bucket", prefix: "out/").map(\.key) == ["out/a b"])
            for upload in found {
                try sweeper.abortUpload(bucket: upload.bucket, key: "", uploadID: upload.uploadID)
            }
            #expect(try sweeper.listUploads(bucket: "bucket", prefix: "").map(\.key) == ["k"])
        }
    }

    /// What an attempt writes at the same time, part by part in turns: one key in two buckets, and long keys that
    /// differ only where a file's name has no room for it.
    @Test func `uploads of one attempt do not meet`() throws {
        try withBucket { store, root in
            try FileManager.default.createDirectory(atPath: root + "/other", withIntermediateDirectories: false)
            store.uploadOwner = UploadOwner(runID: "00000000-0000-4000-8000-00000000000a", attempt: 1)
            let long = String(repeating: "k", count: 200) + "/" + String(repeating: "ü", count: 100)
            let places = [("bucket", "k"), ("other", "k"), ("bucket", long + "1"), ("bucket", long + "2")]
            let ids = try places.map { try store.beginUpload(bucket: $0.0, key: $0.1, contentType: "") }
            var parts: [[(number: Int, etag: String)]] = places.map { _ in [] }
            for number in 1...2 {
                for (index, (bucket, key)) in places.enumerated() {
                    let etag = try store.uploadPart(
                        bucket: bucket, key: key, uploadID: ids[index], number: number,
                        bytes: [UInt8](repeating: UInt8(index), count: index + number))
                    parts[index].append((number, etag))
                }
            }
            for (index, (bucket, key)) in places.enumerated() {
                store.endParts(bucket: bucket, uploadID: ids[index])
                try store.completeUpload(bucket: bucket, key: key, uploadID: ids[index], parts: parts[index])
            }
            for (index, (bucket, key)) in places.enumerated() {
                #expect(try store.bytes(bucket, key) == [UInt8](repeating: UInt8(index), count: 2 * index + 3))
            }
        }
    }

    @Test func `names of cut keys`() throws {
        let owner = UploadOwner(runID: "00000000-0000-4000-8000-00000000000a", attempt: 1)
        let name = FolderUploadID.make(key: String(repeating: "k", count: 300), owner: owner)
        #expect(name.utf8.count == 255 && FolderUploadID.owner(name) == owner)
        let key = try #require(FolderUploadID.key(name))
        #expect(key.isCut && key.text.count > 190 && key.text.allSatisfy { $0 == "k" })
        let older = try #require(FolderUploadID.key("00000000-0000-4000-8000-00000000000a.1-out%2Fx"))
        #expect(older.isCut && older.text == "out/x")
    }

    @Test(arguments: [
        "00000000-0000-4000-8000-00000000000a.+k", "00000000-0000-4000-8000-00000000000a.1",
        "00000000-0000-4000-8000-00000000000a.1x+k", "00000000-0000-4000-8000-00000000000a+k",
        "0000000000000000000000000000000000-a.1+k",
    ])
    func `a name without an owner`(name: String) {
        #expect(FolderUploadID.owner(name) == nil)
    }

    @Test func `a repeated part replaces what was there`() throws {
        try withBucket { store, root in
            let id = try store.beginUpload(bucket: "bucket", key: "k", contentType: "")
            func part(_ number: Int, _ text: String) throws -> String {
                try store.uploadPart(
                    bucket: "bucket", key: "k", uploadID: id, number: number, bytes: Array(text.utf8))
            }
            let first = try part(1, "one")
            let outdated = try part(2, "longer than")
            let second = try part(2, "two")
            #expect(
                try code {
                    try store.completeUpload(
                        bucket: "bucket", key: "k", uploadID: id, parts: [(1, first), (2, outdated)])
                } == .invalidPart)
            try store.completeUpload(bucket: "bucket", key: "k", uploadID: id, parts: [(1, first), (2, second)])
            #expect(try store.text("bucket", "k") == "onetwo")
        }
    }

    @Test func `another store can complete what was written`() throws {
        try withBucket { store, root in
            let id = try store.beginUpload(bucket: "bucket", key: "k", contentType: "")
            let etag = try store.uploadPart(bucket: "bucket", key: "k", uploadID: id, number: 1, bytes: [7, 8])
            let heir = FolderObjectStore(root: root)
            // But not go on writing: it does not know where the parts lie.
            #expect(
                try code { _ = try heir.uploadPart(bucket: "bucket", key: "k", uploadID: id, number: 2, bytes: [9]) }
                    == .noSuchUpload)
            try heir.completeUpload(bucket: "bucket", key: "k", uploadID: id, parts: [(1, etag)])
            #expect(try store.bytes("bucket", "k") == [7, 8])
        }
    }

    @Test(arguments: ["", "../../bucket/x", "/etc/passwd", "x", "..", String(repeating: "x", count: 300)])
    func `upload ids that are none`(id: String) throws {
        try withBucket { store, root in
            try write(root + "/bucket/x")
            #expect(
                try code { _ = try store.uploadPart(bucket: "bucket", key: "k", uploadID: id, number: 1, bytes: []) }
                    == .noSuchUpload)
            #expect(try code { try store.abortUpload(bucket: "bucket", key: "k", uploadID: id) } == .noSuchUpload)
            #expect(FileManager.default.fileExists(atPath: root + "/bucket/x"))
        }
    }

    @Test func `large files come in pieces and in order`() throws {
        try withBucket { store, root in
            let content = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 17 &+ $0 >> 9) }
            try Data(content).write(to: URL(filePath: root + "/bucket/large"))
            var pieces = 0
            var bytes: [UInt8] = []
            try store.read(bucket: "bucket", key: "large", etag: nil, from: 0) {
                pieces += 1
                bytes.append(contentsOf: $0)
            }
            #expect(bytes == content)
            #expect(pieces > 1)
        }
    }

    @Test func `a file that is cut while it is read`() throws {
        try withBucket { store, root in
            let path = root + "/bucket/large"
            try Data(count: 3_000_000).write(to: URL(filePath: path))
            let result = try code {
                try store.read(bucket: "bucket", key: "large", etag: nil, from: 0) { _ in truncate(path, 10) }
            }
            #expect(result == .preconditionFailed)
        }
    }

    @Test func `system errors keep their meaning`() {
        for (number, expected) in [
            (ENOSPC, ObjectStoreError.Code.outOfSpace), (EDQUOT, .outOfSpace), (EACCES, .accessDenied),
            (EROFS, .accessDenied), (EIO, .serverError), (ENOENT, .noSuchUpload), (EXDEV, .badRequest),
        ] {
            errno = number
            let error = SystemError().storeError("s3://b/k", missing: .noSuchUpload)
            #expect(error.code == expected)
            #expect(error.description.contains("s3://b/k"))
        }
    }
}
