// SPDX-License-Identifier: Apache-2.0

/// Buckets of objects: what an S3 source reads and an S3 destination writes. A store is used by one thread at a time.
///
/// An upload is invisible until `completeUpload`, and then it is there whole. Every call may be repeated after a
/// failure: a part replaces the part of its number, a completed upload stays completed, an aborted one aborted.
public protocol ObjectStore: AnyObject {
    /// Asked between pieces of work and while waiting; once it says true, calls end with `.cancelled`.
    var isCancelled: @Sendable () -> Bool { get set }

    /// How many requests so far failed though they may have been carried out: after an upload was begun in spite of one,
    /// there may be another that nobody knows. Nil for a store where that cannot be.
    var ambiguousFailures: Int? { get }

    /// Whether a pending upload itself tells whose it is (`uploadOwner` when it was begun): then nobody else needs to
    /// keep a record of it, and `ownedUploads` finds what was left behind.
    var uploadsTellOwner: Bool { get }

    /// Whose uploads are begun from now on.
    var uploadOwner: UploadOwner? { get set }

    /// One page of the objects whose keys begin with `prefix`, in ascending order of their keys' UTF-8 bytes.
    /// - Parameters:
    ///   - prefix: any beginning of a key, not only a folder: `in/part` finds `in/part-1.csv`.
    ///   - continuation: `next` of the page before; nil for the first.
    func list(bucket: String, prefix: String, continuation: String?) throws(ObjectStoreError) -> ObjectPage

    /// Streams an object's bytes from `offset` to its end.
    /// - Parameters:
    ///   - etag: if given, the object must still have it: `.preconditionFailed` otherwise.
    ///   - sink: gets each piece; its errors pass through unchanged and end the transfer.
    func read(
        bucket: String, key: String, etag: String?, from offset: Int64,
        into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws

    /// Opens an upload and returns its id.
    func beginUpload(bucket: String, key: String, contentType: String) throws(ObjectStoreError) -> String

    /// Stores part `number` (from 1, ascending) and returns its ETag. All parts but the last have at least 5 MiB.
    func uploadPart(
        bucket: String, key: String, uploadID: String, number: Int, bytes: [UInt8]
    ) throws(ObjectStoreError) -> String

    /// No further part comes from here: lets go of what is held open for the upload.
    func endParts(bucket: String, uploadID: String)

    /// Makes the object of these parts visible, replacing an older one. Also succeeds if that has happened already.
    func completeUpload(
        bucket: String, key: String, uploadID: String, parts: [(number: Int, etag: String)]
    ) throws(ObjectStoreError)

    /// Forgets an upload and its parts; fine if there is none such.
    func abortUpload(bucket: String, key: String, uploadID: String) throws(ObjectStoreError)

    /// Whether the object is there.
    func exists(bucket: String, key: String) throws(ObjectStoreError) -> Bool

    /// All uploads of a bucket that were neither completed nor aborted and whose keys begin with `prefix`.
    func listUploads(bucket: String, prefix: String) throws(ObjectStoreError) -> [PendingUpload]

    /// Pending uploads of all buckets that tell their owner and were not written to for so long.
    func ownedUploads(olderThanMilliseconds age: Int) throws(ObjectStoreError) -> [OwnedUpload]
}

/// What holds for stores whose uploads carry no mark of their owner and need nothing held open.
extension ObjectStore {
    public var uploadsTellOwner: Bool { false }

    public var uploadOwner: UploadOwner? {
        get { nil }
        set {}
    }

    public func endParts(bucket: String, uploadID: String) {}

    public func ownedUploads(olderThanMilliseconds age: Int) throws(ObjectStoreError) -> [OwnedUpload] { [] }
}

/// The attempt of a run in whose name uploads are begun.
public struct UploadOwner: Sendable, Hashable {
    /// A UUID in lower case.
    public let runID: String
    public let attempt: Int64

    public init(runID: String, attempt: Int64) {
        self.runID = runID
        self.attempt = attempt
    }
}

/// A pending upload that tells whose it is.
public struct OwnedUpload: Sendable, Equatable {
    public let bucket: String
    public let uploadID: String
    public let owner: UploadOwner

    public init(bucket: String, uploadID: String, owner: UploadOwner) {
        self.bucket = bucket
        self.uploadID = uploadID
        self.owner = owner
    }
}

/// One object of a listing.
public struct ObjectSummary: Sendable, Equatable {
    public let key: String
    /// In bytes.
    public let size: Int64
    /// Changes with the object's content; quoted as on the wire.
    public let etag: String
    /// Microseconds since 1970.
    public let lastModifiedMicroseconds: Int64

    public init(key: String, size: Int64, etag: String, lastModifiedMicroseconds: Int64) {
        self.key = key
        self.size = size
        self.etag = etag
        self.lastModifiedMicroseconds = lastModifiedMicroseconds
    }
}

/// Up to a thousand objects, and where the rest begins.
public struct ObjectPage: Sendable, Equatable {
    public let objects: [ObjectSummary]
    /// To be passed as `continuation`; nil after the last page.
    public let next: String?

    public init(objects: [ObjectSummary], next: String?) {
        self.objects = objects
        self.next = next
    }
}

/// An upload that was neither completed nor aborted.
public struct PendingUpload: Sendable, Equatable {
    /// The object's key. A folder store may know only the beginning of a very long one.
    public let key: String
    public let uploadID: String
    /// When it was opened, in microseconds since 1970.
    public let initiatedMicroseconds: Int64

    public init(key: String, uploadID: String, initiatedMicroseconds: Int64) {
        self.key = key
        self.uploadID = uploadID
        self.initiatedMicroseconds = initiatedMicroseconds
    }
}
