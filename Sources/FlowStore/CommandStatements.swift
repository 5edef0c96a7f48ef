// SPDX-License-Identifier: Apache-2.0
import PostgreSQL

/// The controllers' statements on flows, runs and stored outcomes. All take arrays: one statement serves a batch.
enum CommandStatements {
    private static let flowColumns = """
        f.uuid, f.account, f.name, f.version, f.revision, f.schema_version, f.status, f.status_message, f.description,
        f.trigger_type, f.source_type, f.destination_type, f.tags, millrace_microseconds(f.created_at),
        millrace_microseconds(f.updated_at), f.created_by, f.updated_by, f.capabilities
        """

    // The lateral subqueries with OFFSET 0 fix the order: for each key a probe of the index, whatever the statistics say.
    private static let loadFlowsText = """
        SELECT \(flowColumns), CASE WHEN k.whole THEN (
            SELECT definition FROM flow_definitions d WHERE d.flow_uuid = f.uuid AND d.revision = f.revision) END
        FROM unnest($1::text[], $2::text[], $3::boolean[]) AS k (account, name, whole)
        CROSS JOIN LATERAL (
            SELECT * FROM flows f WHERE f.account = k.account AND f.name = k.name OFFSET 0) f
        """

    static let loadFlows = SQLStatement("load_flows", loadFlowsText)
    /// In id order, so that two controllers that both lock wait for, and never deadlock with, each other.
    static let lockFlows = SQLStatement(
        "lock_flows",
        """
        SELECT f.uuid FROM flows f JOIN unnest($1::text[], $2::text[]) AS k (account, name) USING (account, name)
        ORDER BY f.uuid FOR UPDATE OF f
        """)

    static let loadRuns = SQLStatement(
        "load_runs",
        """
        SELECT r.run_id, r.flow_uuid, r.state, r.attempt, millrace_microseconds(r.queued_at), r.manifest IS NOT NULL
        FROM unnest($1::text[], $2::text[]) AS k (account, name)
        CROSS JOIN LATERAL (
            SELECT uuid FROM flows f WHERE f.account = k.account AND f.name = k.name OFFSET 0) f
        CROSS JOIN LATERAL (
            SELECT * FROM live_runs r WHERE r.flow_uuid = f.uuid AND r.part = 0 OFFSET 0) r
        """)

    static let lockRuns = SQLStatement(
        "lock_runs",
        """
        SELECT r.run_id FROM live_runs r WHERE r.part = 0 AND r.flow_uuid IN (
            SELECT f.uuid FROM flows f JOIN unnest($1::text[], $2::text[]) AS k (account, name) USING (account, name))
        ORDER BY r.run_id FOR UPDATE
        """)

    static let loadOutcomes = SQLStatement(
        "load_outcomes",
        """
        SELECT o.account, o.operation, o.scope, o.token, o.digest, o.response, o.details
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (account, operation, scope, token)
        CROSS JOIN LATERAL (
            SELECT * FROM command_outcomes o
            WHERE o.account = k.account AND o.operation = k.operation AND o.scope = k.scope AND o.token = k.token
                AND o.expires_at > clock_timestamp()
            OFFSET 0) o
        """)

    /// Flows of each account, up to a limit: so many entries of the index on account and name are read, however many flows
    /// there are; 0.2 ms for a thousand.
    static let countFlows = SQLStatement(
        "count_flows",
        """
        SELECT k.account, (SELECT count(*) FROM (SELECT FROM flows f WHERE f.account = k.account LIMIT $2) f)
        FROM unnest($1::text[]) AS k (account)
        """)

    static let now = SQLStatement("database_now", "SELECT millrace_microseconds(clock_timestamp())")

    static let insertFlows = SQLStatement(
        "insert_flows",
        """
        WITH k AS (
            SELECT * FROM unnest(
                $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::text[], $15::text[],
                $16::text[])
            AS k (uuid, account, name, version, revision, schema_version, status, description, trigger_type, source_type,
                  destination_type, tags, at, principal, definition, capabilities)
        ), f AS (
            INSERT INTO flows (uuid, account, name, version, revision, schema_version, status, description, trigger_type,
                source_type, destination_type, tags, created_at, updated_at, created_by, updated_by, capabilities)
            SELECT uuid, account, name, version, revision, schema_version, status, description, trigger_type,
                source_type, destination_type, tags, millrace_time(at), millrace_time(at), principal, principal,
                capabilities FROM k
        ), a AS (
            INSERT INTO flow_activity (flow_uuid) SELECT uuid FROM k
        )
        INSERT INTO flow_definitions (flow_uuid, revision, schema_version, definition)
        SELECT uuid, revision, schema_version, definition FROM k
        """)

    static let updateFlows = SQLStatement(
        "update_flows",
        """
        WITH k AS (
            SELECT * FROM unnest(
                $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::text[], $15::text[],
                $16::text[])
            AS k (uuid, expected, version, revision, schema_version, status, status_message, description, trigger_type,
                  source_type, destination_type, tags, at, principal, definition, capabilities)
        ), u AS (
            UPDATE flows f SET version = k.version, revision = k.revision, schema_version = k.schema_version,
                status = k.status, status_message = k.status_message, description = k.description,
                trigger_type = k.trigger_type, source_type = k.source_type, destination_type = k.destination_type,
                tags = k.tags, capabilities = k.capabilities, updated_at = millrace_time(k.at), updated_by = k.principal
            FROM k WHERE f.uuid = k.uuid AND f.version = k.expected
            RETURNING f.uuid
        ), d AS (
            INSERT INTO flow_definitions (flow_uuid, revision, schema_version, definition)
            SELECT uuid, revision, schema_version, definition FROM k WHERE definition IS NOT NULL
            ON CONFLICT (flow_uuid, revision) DO NOTHING
        )
        SELECT millrace_require((SELECT count(*) FROM u) = cardinality($1::uuid[]), 'flow version')
        """)

    /// Revisions that were made and replaced within one batch.
    static let insertDefinitions = SQLStatement(
        "insert_definitions",
        """
        INSERT INTO flow_definitions (flow_uuid, revision, schema_version, definition)
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[])
        """)

    static let deleteFlows = SQLStatement(
        "delete_flows",
        """
        WITH d AS (
            DELETE FROM flows f USING unnest($1::uuid[], $2::bigint[]) AS k (uuid, expected)
            WHERE f.uuid = k.uuid AND f.version = k.expected
            RETURNING f.uuid
        )
        SELECT millrace_require((SELECT count(*) FROM d) = cardinality($1::uuid[]), 'flow version')
        """)

    static let insertRuns = SQLStatement(
        "insert_runs",
        """
        INSERT INTO live_runs (run_id, account, flow_uuid, flow_name, revision, schema_version, capabilities, state,
            queued_at, not_before, updated_at)
        SELECT run_id, account, flow_uuid, flow_name, revision, schema_version, $7::text[], 'Queued',
            millrace_time(queued_at), millrace_time(queued_at), millrace_time(queued_at)
        FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $8::bigint[])
            AS k (run_id, account, flow_uuid, flow_name, revision, schema_version, queued_at)
        """)

    static let startCancel = SQLStatement(
        "start_cancel",
        """
        WITH u AS (
            UPDATE live_runs r SET state = 'CancelStarted', updated_at = clock_timestamp()
            FROM unnest($1::uuid[]) AS k (run_id)
            WHERE r.run_id = k.run_id AND r.state = 'InProgress' AND r.manifest IS NULL
            RETURNING r.run_id
        )
        SELECT millrace_require((SELECT count(*) FROM u) = cardinality($1::uuid[]), 'run in progress')
        """)

    /// Ends waiting runs: the one place besides the workers where a run ends. Their events go to the outbox beside it.
    static let cancelQueued = SQLStatement(
        "cancel_queued",
        """
        WITH d AS (
            DELETE FROM live_runs r USING unnest($1::uuid[], $2::bigint[]) AS k (run_id, attempt)
            WHERE r.run_id = k.run_id AND r.attempt = k.attempt AND r.state = 'Queued' AND r.manifest IS NULL
            RETURNING r.*
        ), h AS (
            INSERT INTO run_history (run_id, account, flow_uuid, flow_name, revision, state, attempt, failures, queued_at,
                started_at, ended_at, records, bytes_read, bytes_written, message)
            SELECT run_id, account, flow_uuid, flow_name, revision, 'Canceled', attempt, failures, queued_at, started_at,
                millrace_time($3), records, bytes_read, bytes_written, $4 FROM d
        )
        SELECT millrace_require((SELECT count(*) FROM d) = cardinality($1::uuid[]), 'run still queued')
        """)

    /// Runs that were started and cancelled within one batch: they go straight to the history.
    static let insertCanceled = SQLStatement(
        "insert_canceled",
        """
        INSERT INTO run_history (run_id, account, flow_uuid, flow_name, revision, state, attempt, failures, queued_at,
            ended_at, records, bytes_read, bytes_written, message)
        SELECT run_id, account, flow_uuid, flow_name, revision, 'Canceled', 0, 0, millrace_time(queued_at),
            millrace_time(greatest(queued_at, $7)), 0, 0, 0, $8
        FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[])
            AS k (run_id, account, flow_uuid, flow_name, revision, queued_at)
        """)

    /// Guarded: a token that another controller used meanwhile, for another flow, must be seen.
    static let keepOutcomes = SQLStatement(
        "keep_outcomes",
        """
        WITH o AS (
            INSERT INTO command_outcomes AS o (account, operation, scope, token, digest, response, details, expires_at)
            SELECT account, operation, scope, token, digest, response, details,
                millrace_time($7) + CASE WHEN brief THEN interval '5 minutes' ELSE interval '8 hours' END
            FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $8::boolean[],
                    $9::text[])
                AS k (account, operation, scope, token, digest, response, brief, details)
            ON CONFLICT (account, operation, scope, token) DO UPDATE
                SET digest = excluded.digest, response = excluded.response, details = excluded.details,
                    expires_at = excluded.expires_at
                WHERE o.expires_at <= clock_timestamp()
            RETURNING 1
        )
        SELECT millrace_require((SELECT count(*) FROM o) = cardinality($1::text[]), 'client token')
        """)

    /// Why commands failed that cannot be applied at all. What was told of one before stays.
    static let keepFailures = SQLStatement(
        "keep_failures",
        """
        INSERT INTO command_outcomes (account, operation, scope, token, digest, response, expires_at)
        SELECT account, operation, scope, token, '', response, clock_timestamp() + interval '8 hours'
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
            AS k (account, operation, scope, token, response)
        ON CONFLICT DO NOTHING
        """)
}
