// SPDX-License-Identifier: Apache-2.0
import Connectors
import FlowStore
import Observability
import PostgreSQL
import RoleSupport

/// Aborts uploads that attempts left behind when they died or lost their lease. Any worker may do it at any time.
struct UploadSweeper {
    private static let everyMilliseconds = 5_000
    private static let batch: Int64 = 100
    /// There is no such upload, nor can there be.
    private static let settled: Set<ObjectStoreError.Code> = [
        .noSuchBucket, .invalidBucketName, .noSuchUpload, .invalidKey,
    ]

    let configuration: WorkerConfiguration
    let logger: Logger
    let stop: StopSignal

    /// Runs until the stop signal, on a thread of its own.
    func run() {
        stop.wait(milliseconds: Int.random(in: 1_000...Self.everyMilliseconds))
        while !stop.isRaised {
            do {
                try sweep()
            } catch {
                logger.debug("sweeping uploads is put off", [.error: "\(error)"])
            }
            stop.wait(milliseconds: Self.everyMilliseconds)
        }
    }

    private func sweep() throws {
        let connection = try PostgresConnection.connect(configuration.database, logger: logger)
        defer { connection.close() }
        let runs = RunStore(connection)
        let store = try ObjectStoreFactory.make(configuration.objectStores, logger: logger)
        let stop = stop
        store.isCancelled = { stop.isRaised }
        try sweepRecorded(runs, store)
        try sweepOwned(runs, store)
    }

    /// Uploads that tell their owner, of attempts that are over.
    private func sweepOwned(_ runs: RunStore, _ store: any ObjectStore) throws {
        let uploads = try store.ownedUploads(olderThanMilliseconds: configuration.leaseMilliseconds)
        if uploads.isEmpty { return }
        let attempts = Array(Set(uploads.map { $0.owner }))
        let over = try runs.attemptsOver(attempts.map { (runID: $0.runID, attempt: $0.attempt) })
        let owners = Set(zip(attempts, over).filter { $0.1 }.map { $0.0 })
        var count = 0
        for upload in uploads where owners.contains(upload.owner) && !stop.isRaised {
            try store.abortUpload(bucket: upload.bucket, key: "", uploadID: upload.uploadID)
            count += 1
        }
        if count > 0 { logger.info("removed uploads that were left behind", [.count: String(count)]) }
    }

    private func sweepRecorded(_ runs: RunStore, _ store: any ObjectStore) throws {
        // An attempt that lost its lease may still be uploading for a moment: spare what is younger than a lease.
        let orphans = try runs.orphanUploads(
            olderThanMilliseconds: Int64(configuration.leaseMilliseconds), limit: Self.batch)
        if orphans.isEmpty { return }
        var stuck: [(bucket: String, key: String, uploadID: String)] = []
        var gone: [(bucket: String, key: String, uploadID: String)] = []
        for orphan in orphans {
            do throws(ObjectStoreError) {
                for uploadID in try uploadIDs(orphan, store) {
                    try store.abortUpload(bucket: orphan.bucket, key: orphan.key, uploadID: uploadID)
                }
                gone.append(orphan)
            } catch  where Self.settled.contains(error.code) {
                gone.append(orphan)
            } catch {
                logger.warning("an upload cannot be aborted now", [.object: orphan.key, .error: "\(error)"])
                if !error.isRetriable { stuck.append(orphan) }
            }
        }
        if !stuck.isEmpty { try runs.postponeUploads(stuck) }
        if gone.isEmpty { return }
        try runs.forgetUploads(gone)
        logger.info("aborted uploads that were left behind", [.count: String(gone.count)])
    }

    /// Without an id, whatever uploads of exactly that key there are: its run has ended.
    private func uploadIDs(
        _ orphan: (bucket: String, key: String, uploadID: String), _ store: any ObjectStore
    ) throws(ObjectStoreError) -> [String] {
        if !orphan.uploadID.isEmpty { return [orphan.uploadID] }
        return try store.listUploads(bucket: orphan.bucket, prefix: orphan.key)
            .filter { $0.key == orphan.key }.map { $0.uploadID }
    }
}
