// SPDX-License-Identifier: Apache-2.0
import Connectors

/// Uploads in memory, every call noted; fails where told to.
final class MemoryObjectStore: ObjectStore {
    var isCancelled: @Sendable () -> Bool = { false }
    var ambiguousFailures: Int?
    /// Whether opening an upload leaves it unclear how many there are.
    var isAmbiguous = false
    private(set) var calls: [String] = []
    private(set) var parts: [String: [Int: [UInt8]]] = [:]
    /// The call that fails next.
    var failing: String?
    /// Calls that fail, by what they begin with.
    var faults: [String: ObjectStoreError.Code] = [:]

    private func note(_ call: String) throws(ObjectStoreError) {
        if let failing, call.hasPrefix(failing) { throw ObjectStoreError(.unreachable, "down") }
        if let fault = faults.first(where: { call.hasPrefix($0.key) }) {
            throw ObjectStoreError(fault.value, "refused \(fault.key)")
        }
        calls.append(call)
    }

    func list(bucket: String, prefix: String, continuation: String?) throws(ObjectStoreError) -> ObjectPage {
        ObjectPage(objects: [], next: nil)
    }

    func read(
        bucket: String, key: String, etag: String?, from offset: Int64,
        into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {}

    func beginUpload(bucket: String, key: String, contentType: String) throws(ObjectStoreError) -> String {
        try note("begin \(bucket)/\(key) \(contentType)")
        if isAmbiguous { ambiguousFailures = (ambiguousFailures ?? 0) + 1 }
        return "upload of \(key)"
    }

    func uploadPart(
        bucket: String, key: String, uploadID: String, number: Int, bytes: [UInt8]
    ) throws(ObjectStoreError) -> String {
        try note("part \(number) of \(key)")
        parts[key, default: [:]][number] = bytes
        return "etag-\(number)"
    }

    func completeUpload(
        bucket: String, key: String, uploadID: String, parts: [(number: Int, etag: String)]
    ) throws(ObjectStoreError) { try note("complete \(key)") }

    func abortUpload(bucket: String, key: String, uploadID: String) throws(ObjectStoreError) {
        try note("abort \(key) \(uploadID)")
    }

    func exists(bucket: String, key: String) throws(ObjectStoreError) -> Bool { false }

    func listUploads(bucket: String, prefix: String) throws(ObjectStoreError) -> [PendingUpload] { [] }
}
