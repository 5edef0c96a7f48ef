// SPDX-License-Identifier: Apache-2.0
import Connectors
import FlowDomain
import FlowStore

/// Stages a run's output: uploads that are opened, filled part by part and not completed. Used by one slot.
struct OutputStager {
    /// S3 takes parts from 5 MiB; memory holds one part.
    private static let partBytes = 8 * 1024 * 1024
    /// S3 takes 10,000 parts: beyond this many the parts grow, so that an object may reach S3's limit of 5 TiB.
    private static let growAfterParts = 1_000

    private struct OpenFile {
        let key: String
        let uploadID: String
        var parts: [OutputManifest.Part] = []
        var bytes: Int64 = 0
    }

    private let store: any ObjectStore
    private let bucket: String
    private let contentType: String
    private let uploads: UploadRecords
    private let destination: Int
    private var open: OpenFile?
    private var buffer: [UInt8] = []
    private(set) var files: [OutputManifest.File] = []
    private(set) var bytesWritten: Int64 = 0

    /// - Parameter destination: its place in the flow's list, from 0.
    init(
        store: any ObjectStore, bucket: String, contentType: String, uploads: UploadRecords, destination: Int = 0
    ) {
        self.destination = destination
        self.store = store
        self.bucket = bucket
        self.contentType = contentType
        self.uploads = uploads
    }

    /// Bytes in the file that is open.
    var currentFileBytes: Int64 { (open?.bytes ?? 0) + Int64(buffer.count) }

    /// Adds bytes to the file of this key, opening it when it is not.
    mutating func append(_ bytes: UnsafeRawBufferPointer, key: String) throws(ObjectStoreError) {
        if bytes.isEmpty { return }
        if open == nil {
            open = OpenFile(key: key, uploadID: try beginUpload(key))
        }
        buffer.append(contentsOf: bytes)
        if buffer.count >= partSize { try uploadPart() }
    }

    /// Begins an upload that a sweeper will find, whatever happens to this process.
    private func beginUpload(_ key: String) throws(ObjectStoreError) -> String {
        if store.uploadsTellOwner {
            return try store.beginUpload(bucket: bucket, key: key, contentType: contentType)
        }
        let failures = store.ambiguousFailures
        if failures != nil { try uploads.announce(bucket, key) }
        let uploadID = try store.beginUpload(bucket: bucket, key: key, contentType: contentType)
        uploads.record(bucket, key, uploadID)
        if failures != nil && store.ambiguousFailures == failures { uploads.settle(bucket, key) }
        return uploadID
    }

    /// Ends the open file, if there is one.
    mutating func closeFile() throws(ObjectStoreError) {
        guard open != nil else { return }
        if !buffer.isEmpty { try uploadPart() }
        guard let file = open else { return }
        store.endParts(bucket: bucket, uploadID: file.uploadID)
        files.append(
            OutputManifest.File(
                bucket: bucket, key: file.key, uploadID: file.uploadID, parts: file.parts, destination: destination,
                bytes: file.bytes))
        open = nil
    }

    /// Throws everything away that is staged. What cannot be aborted now is left to the sweeper.
    mutating func abort() {
        let staged = files.map { ($0.key, $0.uploadID) } + (open.map { [($0.key, $0.uploadID)] } ?? [])
        for (key, uploadID) in staged where !store.isCancelled() {
            try? store.abortUpload(bucket: bucket, key: key, uploadID: uploadID)
        }
        open = nil
        files = []
        buffer = []
    }

    private var partSize: Int {
        let parts = open?.parts.count ?? 0
        return Self.partBytes << min(parts / Self.growAfterParts, 9)
    }

    private mutating func uploadPart() throws(ObjectStoreError) {
        guard var file = open else { return }
        let number = file.parts.count + 1
        let etag = try store.uploadPart(
            bucket: bucket, key: file.key, uploadID: file.uploadID, number: number, bytes: buffer)
        file.parts.append(OutputManifest.Part(number: number, etag: etag))
        file.bytes += Int64(buffer.count)
        bytesWritten += Int64(buffer.count)
        open = file
        buffer.removeAll(keepingCapacity: buffer.capacity <= 2 * Self.partBytes)
    }
}
