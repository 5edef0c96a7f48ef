// SPDX-License-Identifier: Apache-2.0
import HTTPClient

extension S3ObjectStore {
    public func read(
        bucket: String, key: String, etag: String?, from offset: Int64,
        into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var progress = ReadProgress(position: offset, etag: etag)
        var backoff = Backoff(client.settings.timing)
        while true {
            var request = S3Client.Request(method: "GET", bucket: bucket, key: key)
            if let etag = progress.etag { request.headers.append(("if-match", etag)) }
            if progress.position > 0 { request.headers.append(("range", "bytes=\(progress.position)-")) }
            let before = progress.position
            let (failure, response) = try client.stream(
                request, onSuccess: { try progress.begin($0, subject: request.subject) },
                into: { try progress.take($0, into: sink) })
            guard let failure else {
                if let end = progress.end, progress.position < end {
                    throw badResponse(request, "the object is shorter than it was said to be")
                }
                return
            }
            // Nothing left to read, and nothing wrong: the caller had all of it.
            if response?.status == 416, try size(bucket, key, progress.etag) == progress.position { return }
            // A connection that yields next to nothing each time is no progress.
            if progress.position - before >= 65536 { backoff.reset() }
            try client.pause(after: failure, request, &backoff)
        }
    }

    /// An object's size, asked for by HEAD: not every server tells it with a 416.
    private func size(_ bucket: String, _ key: String, _ etag: String?) throws(ObjectStoreError) -> Int64? {
        var request = S3Client.Request(method: "HEAD", bucket: bucket, key: key)
        if let etag { request.headers.append(("if-match", etag)) }
        return try client.send(request).response.header("content-length").flatMap { Int64($0) }
    }
}

/// How far a read has come.
private struct ReadProgress {
    /// Of the next byte that the sink needs.
    var position: Int64
    var etag: String?
    /// The object's size, once known.
    var end: Int64?
    /// Bytes to drop because a server without ranges began at the beginning.
    private var surplus: Int64 = 0

    init(position: Int64, etag: String?) {
        self.position = position
        self.etag = etag
    }

    mutating func begin(_ response: HTTPClientResponse, subject: String) throws {
        let length = response.header("content-length").flatMap { Int64($0) }
        let size: Int64?
        // gofakes3, and so rclone, sends ranges under status 200.
        if let text = response.header("content-range") ?? (response.status == 206 ? "" : nil) {
            guard let range = ContentRange(text), range.first == position else {
                throw ObjectStoreError(.badResponse, "\(subject): the range in the answer is not the one asked for.")
            }
            surplus = 0
            size = range.size ?? length.map { position + $0 }
        } else {
            surplus = position
            size = length
        }
        if let end, let size, size != end {
            throw ObjectStoreError(.preconditionFailed, "\(subject) has changed while it was read.")
        }
        end = size ?? end
        // What is resumed later must be the same object.
        let current = response.header("etag").map(S3ObjectStore.quoted)
        if let etag, let current, etag != current {
            throw ObjectStoreError(.preconditionFailed, "\(subject) has changed since it was listed.")
        }
        etag = etag ?? current
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let dropped = Int(min(surplus, Int64(bytes.count)))
        surplus -= Int64(dropped)
        if dropped == bytes.count { return }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[dropped...])
        // Counted first: bytes that a failing sink got are not offered to it again.
        position += Int64(rest.count)
        try sink(rest)
    }
}

/// `bytes first-last/size`, where the size may be `*`.
private struct ContentRange {
    let first: Int64
    let size: Int64?

    init?(_ text: String) {
        guard text.hasPrefix("bytes ") else { return nil }
        let fields = text.dropFirst(6).split(whereSeparator: { $0 == "-" || $0 == "/" })
        guard fields.count == 3, let first = Int64(fields[0]), let last = Int64(fields[1]), last >= first else {
            return nil
        }
        self.first = first
        size = Int64(fields[2])
    }
}
