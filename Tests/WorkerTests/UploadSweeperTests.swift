// SPDX-License-Identifier: Apache-2.0
import FaultServer
import Synchronization
import TestSupport
import Testing

extension WorkerDatabaseTests {
    @Suite(.serialized) struct UploadSweeperTests {
        private func uploads(_ worker: WorkerUnderTest, where condition: String = "true") throws -> [String] {
            try worker.connection.lines("SELECT object_key FROM staged_uploads WHERE \(condition) ORDER BY object_key")
        }

        /// What cannot be aborted for good stands back, what fails for the moment stays in the front.
        @Test func whatCannotBeAbortedIsPostponed() throws {
            let worker = try WorkerUnderTest()
            let isBusy = Mutex(true)
            worker.buckets.onAbort { request, connection in
                if request.path.hasSuffix("stuck") {
                    connection.respond(403, text: "<Error><Code>AccessDenied</Code></Error>")
                } else if request.path.hasSuffix("busy") && isBusy.withLock({ $0 }) {
                    connection.respond(503, text: "<Error><Code>SlowDown</Code></Error>")
                } else if request.path.hasSuffix("unknown") {
                    connection.respond(404, text: "<Error><Code>NoSuchUpload</Code></Error>")
                } else {
                    connection.respond(204)
                }
            }
            try worker.queue(1...1, prefix: "in")
            try worker.connection.script(
                """
                UPDATE live_runs SET not_before = 'infinity', attempt = 3;
                INSERT INTO staged_uploads (bucket, object_key, upload_id, run_id, attempt, created_at)
                SELECT 'destination', k, 'u', coalesce(run, gen_random_uuid()), 3, created
                FROM (VALUES ('gone', NULL, now() - interval '1 hour'), ('stuck', NULL, now() - interval '1 hour'),
                    ('busy', NULL, now() - interval '1 hour'), ('unknown', NULL, now() - interval '1 hour'),
                    ('young', NULL, now() + interval '1 hour'),
                    ('live', '\(WorkerUnderTest.id(1))'::uuid, now() - interval '1 hour')) v (k, run, created)
                """)
            worker.start()
            #expect(try eventually { try uploads(worker) == ["busy", "live", "stuck", "young"] })
            #expect(
                try eventually {
                    try uploads(worker, where: "created_at > now() + interval '5 minutes'") == ["stuck", "young"]
                })
            isBusy.withLock { $0 = false }
            #expect(try eventually { try uploads(worker) == ["live", "stuck", "young"] })
            #expect(worker.buckets.count("DELETE") { $0.path.hasSuffix("stuck") } == 1)
            #expect(worker.buckets.count("DELETE") { $0.path.hasSuffix("live") || $0.path.hasSuffix("young") } == 0)
        }
    }
}
