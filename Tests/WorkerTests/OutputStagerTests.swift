// SPDX-License-Identifier: Apache-2.0
import Connectors
import PostgreSQL
import TestSupport
import Testing

@testable import Worker

extension WorkerDatabaseTests {
    /// A class, to close the ledger.
    @Suite(.serialized) final class OutputStagerTests {
        private let store = MemoryObjectStore()
        private static let part = 8 * 1024 * 1024
        private let connection: PostgresConnection
        private let ledger: WriteLedger

        init() throws {
            connection = try testDatabase.connect()
            ledger = WriteLedger(database: try testDatabase.configuration(), logger: testLogger)
            try connection.script("TRUNCATE staged_uploads")
            ledger.start()
        }

        deinit { ledger.shutdown() }

        private func makeStager() -> OutputStager {
            let handle = RunsInHandTests.handle("00000000-0000-4000-8000-000000000001")
            return OutputStager(
                store: store, bucket: "b", contentType: "text/csv",
                uploads: UploadRecords(ledger: ledger, handle: handle))
        }

        /// What is noted, once the ledger has written what it was given.
        private func noted() throws -> [String] {
            _ = ledger.perform(
                .requeue(
                    runID: "00000000-0000-4000-8000-000000000099", attempt: 1, delayMilliseconds: 0, failed: false,
                    error: nil))
            return try connection.lines(
                "SELECT object_key, upload_id, run_id, attempt FROM staged_uploads ORDER BY object_key, upload_id")
        }

        private func append(_ count: Int, of byte: UInt8 = 1, to stager: inout OutputStager, key: String = "k") throws {
            let bytes = [UInt8](repeating: byte, count: count)
            let result = bytes.withUnsafeBytes { bytes in Result { try stager.append(bytes, key: key) } }
            try result.get()
        }

        @Test func smallFilesAreOnePart() throws {
            var stager = makeStager()
            try append(3, to: &stager)
            try append(0, to: &stager)
            try append(4, to: &stager)
            #expect(stager.currentFileBytes == 7 && stager.bytesWritten == 0)
            try stager.closeFile()
            #expect(store.calls == ["begin b/k text/csv", "part 1 of k"])
            #expect(try noted() == ["k|upload of k|00000000-0000-4000-8000-000000000001|1"])
            let file = try #require(stager.files.first)
            #expect(file.bucket == "b" && file.key == "k" && file.uploadID == "upload of k")
            #expect(file.parts.map { $0.number } == [1] && file.parts.map { $0.etag } == ["etag-1"])
            #expect(stager.bytesWritten == 7 && stager.currentFileBytes == 0)
            #expect(store.parts["k"]?[1]?.count == 7)
        }

        @Test func largeFilesAreSeveralParts() throws {
            var stager = makeStager()
            for byte in 1...5 { try append(Self.part / 2, of: UInt8(byte), to: &stager) }
            #expect(store.calls == ["begin b/k text/csv", "part 1 of k", "part 2 of k"])
            #expect(stager.currentFileBytes == Int64(Self.part / 2 * 5))
            try stager.closeFile()
            #expect(stager.files.first?.parts.map { $0.number } == [1, 2, 3])
            #expect(store.parts["k"]?[1]?.count == Self.part && store.parts["k"]?[3]?.count == Self.part / 2)
            #expect(store.parts["k"]?[2]?.first == 3 && store.parts["k"]?[3]?.last == 5)
            #expect(stager.bytesWritten == Int64(Self.part / 2 * 5))
        }

        @Test func filesFollowEachOther() throws {
            var stager = makeStager()
            try append(1, of: 1, to: &stager, key: "one")
            try stager.closeFile()
            try stager.closeFile()
            try append(1, of: 2, to: &stager, key: "two")
            try stager.closeFile()
            #expect(stager.files.map { $0.key } == ["one", "two"])
            #expect(store.parts["two"]?[1] == [2])
        }

        @Test func withoutBytesThereIsNoFile() throws {
            var stager = makeStager()
            try append(0, to: &stager)
            try stager.closeFile()
            #expect(stager.files.isEmpty && store.calls.isEmpty)
        }

        @Test func anAbortForgetsAllThatWasStaged() throws {
            var stager = makeStager()
            try append(1, to: &stager, key: "one")
            try stager.closeFile()
            try append(1, to: &stager, key: "two")
            stager.abort()
            #expect(Set(store.calls.suffix(2)) == ["abort one upload of one", "abort two upload of two"])
            #expect(stager.files.isEmpty && stager.currentFileBytes == 0)
            let calls = store.calls.count
            stager.abort()
            #expect(store.calls.count == calls)
        }

        @Test func anUploadThatCannotBeOpenedIsNotNoted() throws {
            var stager = makeStager()
            store.failing = "begin"
            #expect(throws: ObjectStoreError.self) { try append(1, to: &stager) }
            #expect(try noted().isEmpty)
        }

        /// Where the answer to opening an upload can get lost, the key is noted before, and kept unless all is clear.
        @Test(arguments: [false, true])
        func anUploadThatMayGetLostIsAnnounced(_ isAmbiguous: Bool) throws {
            store.ambiguousFailures = 0
            store.isAmbiguous = isAmbiguous
            var stager = makeStager()
            try append(1, to: &stager)
            let rows = try noted().map { $0.split(separator: "|", omittingEmptySubsequences: false)[1] }
            #expect(rows == (isAmbiguous ? ["", "upload of k"] : ["upload of k"]))
            store.failing = "begin"
            try stager.closeFile()
            #expect(throws: ObjectStoreError.self) { try append(1, to: &stager, key: "lost") }
            #expect(try noted().contains { $0.hasPrefix("lost||") }, "what became of it is not known")
        }

        @Test func aPartThatFailedIsNotCounted() throws {
            var stager = makeStager()
            try append(1, to: &stager)
            store.failing = "part"
            #expect(throws: ObjectStoreError.self) { try stager.closeFile() }
            #expect(stager.files.isEmpty && stager.bytesWritten == 0)
            store.failing = nil
            stager.abort()
            #expect(store.calls.last == "abort k upload of k")
        }
    }
}
