// SPDX-License-Identifier: Apache-2.0
import PostgreSQL

/// The workers' statements on live runs. Every write of an attempt matches the attempt: a worker that lost its lease
/// changes nothing.
///
/// That a run is under a lease is asked of `lease_until`, never of `state`, where the run is known: the state would lead
/// the planner to `live_runs_leased`, which is small but full of what has ended since the last vacuum.
enum RunStatements {
    private static let claimedColumns = """
        u.run_id, u.account, u.flow_uuid, u.flow_name, u.revision, u.schema_version, u.state, u.attempt, u.failures,
        millrace_microseconds(u.queued_at), millrace_microseconds(u.started_at), u.manifest, u.last_error, d.definition
        """

    private static func claim(_ name: String, picking picked: String, setting: String) -> SQLStatement {
        SQLStatement(
            name,
            """
            WITH picked AS MATERIALIZED (\(picked)),
            u AS (
                UPDATE live_runs r SET \(setting), attempt = r.attempt + 1, owner = $1,
                    lease_until = clock_timestamp() + $2 * interval '1 millisecond',
                    started_at = coalesce(r.started_at, clock_timestamp()), updated_at = clock_timestamp()
                FROM picked p WHERE r.run_id = p.run_id AND r.part = p.part
                RETURNING r.*
            )
            SELECT \(claimedColumns)
            FROM u LEFT JOIN flow_definitions d ON d.flow_uuid = u.flow_uuid AND d.revision = u.revision
            """)
    }

    static let claimOffered = claim(
        "claim_offered",
        picking: """
            SELECT run_id, part FROM live_runs
            WHERE run_id = ANY ($4::uuid[]) AND state = 'Queued' AND not_before <= clock_timestamp()
                AND capabilities <@ $3::text[]
            FOR UPDATE SKIP LOCKED
            """,
        setting: "state = 'InProgress'")

    static let claimOldest = claim(
        "claim_oldest",
        picking: """
            SELECT run_id, part FROM live_runs
            WHERE state = 'Queued' AND not_before <= clock_timestamp() AND capabilities <@ $3::text[]
            ORDER BY not_before LIMIT $4
            FOR UPDATE SKIP LOCKED
            """,
        setting: "state = 'InProgress'")

    /// A lease that ran out is a failed attempt: its worker died, or was away for too long.
    static let claimExpired = claim(
        "claim_expired",
        picking: """
            SELECT run_id, part FROM live_runs
            WHERE state IN ('InProgress', 'CancelStarted') AND lease_until < clock_timestamp() AND capabilities <@ $3::text[]
            ORDER BY lease_until LIMIT $4
            FOR UPDATE SKIP LOCKED
            """,
        setting: "failures = r.failures + 1, last_error = 'the worker stopped responding'")

    /// Rows that somebody is writing are passed over until the next time: a ledger holds locks of several runs, in an order
    /// of its own, and waiting for it could be a deadlock. They are answered as not renewed.
    static let renew = SQLStatement(
        "renew_runs",
        """
        WITH k AS (
            SELECT * FROM unnest($2::uuid[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])
                AS k (run_id, attempt, records, bytes_read, bytes_written)
        ), l AS MATERIALIZED (
            SELECT r.run_id FROM k JOIN live_runs r ON r.run_id = k.run_id AND r.attempt = k.attempt
            WHERE r.lease_until IS NOT NULL
            FOR UPDATE OF r SKIP LOCKED
        ), u AS (
            UPDATE live_runs r SET lease_until = clock_timestamp() + $1 * interval '1 millisecond',
                records = k.records, bytes_read = k.bytes_read, bytes_written = k.bytes_written,
                updated_at = clock_timestamp(), sequence = r.sequence + 1
            FROM k JOIN l USING (run_id) WHERE r.run_id = k.run_id AND r.attempt = k.attempt
            RETURNING r.run_id, r.state, r.sequence
        )
        SELECT run_id, state, sequence, true FROM u
        UNION ALL
        SELECT r.run_id, r.state, r.sequence, false
        FROM k JOIN live_runs r ON r.run_id = k.run_id AND r.attempt = k.attempt
        WHERE r.lease_until IS NOT NULL AND NOT EXISTS (SELECT 1 FROM l WHERE l.run_id = k.run_id)
        """)

    /// The point of no return: refused to a lost attempt and to a run that is being cancelled.
    static let storeManifest = SQLStatement(
        "store_manifest",
        """
        WITH k AS (
            SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
                AS k (run_id, attempt, manifest, records, bytes_read, bytes_written)
        ), l AS MATERIALIZED (
            -- Locked first: the answer tells the state that refused, also where a cancel came at the same moment.
            SELECT r.run_id, r.state, r.state = 'InProgress' AND (r.manifest IS NULL OR r.manifest = k.manifest) AS may
            FROM live_runs r JOIN k ON r.run_id = k.run_id AND r.attempt = k.attempt
            ORDER BY r.run_id FOR UPDATE OF r
        ), u AS (
            UPDATE live_runs r SET manifest = k.manifest, records = k.records, bytes_read = k.bytes_read,
                bytes_written = k.bytes_written, updated_at = clock_timestamp()
            FROM k JOIN l USING (run_id) WHERE r.run_id = k.run_id AND r.attempt = k.attempt AND l.may
        )
        SELECT k.run_id, coalesce(l.may, false), l.state FROM k LEFT JOIN l USING (run_id)
        """)

    /// Moves runs to history and posts the event of each, in one statement; answers which it moved.
    static let end = SQLStatement(
        "end_runs",
        """
        WITH k AS (
            SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
                $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[])
            AS k (run_id, attempt, state, ended_at, records, bytes_read, bytes_written, message, headers, value,
                destinations)
        ), d AS (
            DELETE FROM live_runs r USING k
            WHERE r.run_id = k.run_id AND r.attempt = k.attempt AND r.lease_until IS NOT NULL
            RETURNING r.run_id, r.account, r.flow_uuid, r.flow_name, r.revision, r.attempt, r.failures, r.queued_at,
                r.started_at, r.manifest, k.state, k.ended_at, k.records, k.bytes_read, k.bytes_written, k.message,
                k.headers, k.value, k.destinations
        ), h AS (
            INSERT INTO run_history (run_id, account, flow_uuid, flow_name, revision, state, attempt, failures, queued_at,
                started_at, ended_at, records, bytes_read, bytes_written, message, destination_results)
            SELECT run_id, account, flow_uuid, flow_name, revision, state, attempt, failures, queued_at,
                started_at, millrace_time(ended_at), records, bytes_read, bytes_written, message, destinations FROM d
        ), s AS (
            -- What the manifest completed. Uploads of attempts before it stay for the sweeper, and so does whatever
            -- belongs to a destination that failed.
            DELETE FROM staged_uploads s USING d, json_array_elements(
                CASE WHEN d.state = 'Successful' OR d.destinations IS NOT NULL THEN d.manifest::json -> 'files' END) f
            WHERE s.run_id = d.run_id AND s.bucket = f ->> 'bucket' AND s.object_key = f ->> 'key'
                AND s.upload_id = f ->> 'upload'
                AND (d.destinations IS NULL
                    OR d.destinations::json -> (f ->> 'destination')::integer ->> 'error' IS NULL)
        ), o AS (
            INSERT INTO outbox (topic, message_key, headers, value)
            SELECT 'run-events', flow_uuid::text, headers, value FROM d
            RETURNING id, message_key
        )
        SELECT d.run_id, o.id FROM d JOIN o ON o.message_key = d.flow_uuid::text
        """)

    /// Gives runs back to the queue; a hand-back on shutdown counts no failure.
    static let requeue = SQLStatement(
        "requeue_runs",
        """
        UPDATE live_runs r SET state = 'Queued', owner = NULL, lease_until = NULL, updated_at = clock_timestamp(),
            not_before = clock_timestamp() + k.delay * interval '1 millisecond',
            failures = r.failures + k.failed, last_error = coalesce(k.error, r.last_error),
            manifest = coalesce(k.manifest, r.manifest)
        FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::integer[], $5::text[], $6::text[])
            AS k (run_id, attempt, delay, failed, error, manifest)
        WHERE r.run_id = k.run_id AND r.attempt = k.attempt AND r.lease_until IS NOT NULL
            AND r.state <> 'CancelStarted'
        RETURNING r.run_id
        """)

    static let recordUploads = SQLStatement(
        "record_uploads",
        """
        INSERT INTO staged_uploads (bucket, object_key, upload_id, run_id, attempt)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::integer[])
        ON CONFLICT DO NOTHING
        """)

    static let settleUploads = SQLStatement(
        "settle_uploads",
        """
        DELETE FROM staged_uploads s
        USING unnest($1::text[], $2::text[], $3::uuid[], $4::integer[]) AS k (bucket, object_key, run_id, attempt)
        WHERE s.bucket = k.bucket AND s.object_key = k.object_key AND s.upload_id = ''
            AND s.run_id = k.run_id AND s.attempt = k.attempt
        """)

    static let forgetUploads = SQLStatement(
        "forget_uploads",
        """
        DELETE FROM staged_uploads s USING unnest($1::text[], $2::text[], $3::text[]) AS k (bucket, object_key, upload_id)
        WHERE s.bucket = k.bucket AND s.object_key = k.object_key AND s.upload_id = k.upload_id
        """)

    static let postponeUploads = SQLStatement(
        "postpone_uploads",
        """
        UPDATE staged_uploads s SET created_at = clock_timestamp() + interval '10 minutes'
        FROM unnest($1::text[], $2::text[], $3::text[]) AS k (bucket, object_key, upload_id)
        WHERE s.bucket = k.bucket AND s.object_key = k.object_key AND s.upload_id = k.upload_id
        """)

    /// Whether uploads of these attempts can still be wanted: by the attempt itself, or by a manifest.
    static let attemptsOver = SQLStatement(
        "attempts_over",
        """
        SELECT NOT EXISTS (
            SELECT 1 FROM live_runs r WHERE r.run_id = k.run_id AND (r.attempt = k.attempt OR r.manifest IS NOT NULL))
        FROM unnest($1::uuid[], $2::integer[]) WITH ORDINALITY AS k (run_id, attempt, place)
        ORDER BY k.place
        """)

    /// Uploads that no live attempt owns and no manifest names. An empty id stands for whatever uploads of that key there
    /// are: it is looked into once the run has ended and none of them can be wanted.
    static let orphanUploads = SQLStatement(
        "orphan_uploads",
        """
        SELECT s.bucket, s.object_key, s.upload_id FROM staged_uploads s
        WHERE s.created_at < clock_timestamp() - $1 * interval '1 millisecond' AND NOT EXISTS (
            SELECT 1 FROM live_runs r
            WHERE r.run_id = s.run_id AND (r.attempt = s.attempt OR r.manifest IS NOT NULL OR s.upload_id = ''))
        ORDER BY s.created_at LIMIT $2
        """)
}
