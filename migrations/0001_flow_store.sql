-- The flow store: flows and their definitions, live runs, run history, and what makes commands apply once.

-- Raises when a guarded write did not touch what it had to: aborts the pipelined transaction it stands in, with a
-- state of its own class that the controllers and workers recognise.
CREATE FUNCTION millrace_require(held boolean, guard text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT coalesce(held, false) THEN
        RAISE EXCEPTION 'guard failed: %', guard USING ERRCODE = 'MR001';
    END IF;
END $$;

-- Microseconds since 1970 to and from a timestamp, exactly.
CREATE FUNCTION millrace_time(microseconds bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT timestamptz 'epoch' + microseconds * interval '1 microsecond' $$;
CREATE FUNCTION millrace_microseconds(moment timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT (extract(epoch FROM moment) * 1000000)::bigint $$;

CREATE TABLE flows (
    uuid             uuid PRIMARY KEY,
    account          text COLLATE "C" NOT NULL,
    name             text COLLATE "C" NOT NULL,
    version          bigint NOT NULL CHECK (version > 0),
    revision         bigint NOT NULL CHECK (revision > 0),
    schema_version   bigint NOT NULL CHECK (schema_version > 0),
    status           text NOT NULL CHECK (status IN ('Active', 'Deprecated', 'Deleted', 'Draft', 'Errored', 'Suspended')),
    status_message   text,
    description      text,
    trigger_type     text NOT NULL,
    source_type      text NOT NULL,
    destination_type text NOT NULL,
    tags             text NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    created_by       text NOT NULL,
    updated_by       text NOT NULL,
    UNIQUE (account, name)
) WITH (fillfactor = 80);

-- Every revision of a definition, as the bytes that were sent: a run uses the one it was started with.
CREATE TABLE flow_definitions (
    flow_uuid      uuid NOT NULL REFERENCES flows ON DELETE CASCADE,
    revision       bigint NOT NULL,
    schema_version bigint NOT NULL,
    definition     text NOT NULL,
    PRIMARY KEY (flow_uuid, revision)
);

-- What runs change about a flow; apart from the definition, so that a run never bumps the flow's version.
CREATE TABLE flow_activity (
    flow_uuid            uuid PRIMARY KEY REFERENCES flows ON DELETE CASCADE,
    version              bigint NOT NULL DEFAULT 1,
    last_run             uuid,
    last_run_queued_at   timestamptz,
    last_run_at          timestamptz,
    last_run_state       text,
    last_run_message     text,
    last_run_attempt     integer NOT NULL DEFAULT 0,
    last_run_sequence    bigint NOT NULL DEFAULT 0,
    consecutive_failures bigint NOT NULL DEFAULT 0,
    runs_ended           bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 60);

-- Runs that have not ended, by part (a run has one part, 0, until runs are cut into several). The attempt is the fencing token: every write of an
-- attempt must match it. failures counts the attempts that ended badly; a hand-back on shutdown is none.
CREATE TABLE live_runs (
    run_id          uuid NOT NULL,
    part            smallint NOT NULL DEFAULT 0,
    account         text NOT NULL,
    flow_uuid       uuid NOT NULL,
    flow_name       text NOT NULL,
    revision        bigint NOT NULL,
    schema_version  bigint NOT NULL,
    capabilities    text[] NOT NULL,
    state           text NOT NULL CHECK (state IN ('Queued', 'InProgress', 'CancelStarted', 'Padding')),
    attempt         integer NOT NULL DEFAULT 0,
    failures        integer NOT NULL DEFAULT 0,
    sequence        bigint NOT NULL DEFAULT 0,
    owner           text,
    lease_until     timestamptz,
    queued_at       timestamptz NOT NULL,
    not_before      timestamptz NOT NULL,
    started_at      timestamptz,
    updated_at      timestamptz NOT NULL,
    records         bigint NOT NULL DEFAULT 0,
    bytes_read      bigint NOT NULL DEFAULT 0,
    bytes_written   bigint NOT NULL DEFAULT 0,
    manifest        text,
    last_error      text,
    PRIMARY KEY (run_id, part),
    CHECK ((state IN ('InProgress', 'CancelStarted')) = (lease_until IS NOT NULL)),
    CHECK ((state IN ('InProgress', 'CancelStarted')) = (owner IS NOT NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
-- A flow has one run at a time.
CREATE UNIQUE INDEX live_runs_flow ON live_runs (flow_uuid, part);
CREATE INDEX live_runs_queued ON live_runs (not_before, run_id) WHERE state = 'Queued';
-- Only rows under a lease: small, and a renewed lease stays a heap-only update.
CREATE INDEX live_runs_leased ON live_runs (run_id) WHERE state IN ('InProgress', 'CancelStarted');
-- The table is empty at one moment and holds a backlog of a hundred thousand rows at the next. A plan made from the
-- statistics of the empty one reads all of it, over and over. These rows are never claimed, never shown and never
-- vacuumed away: with them no statistics say that the table is tiny, and every plan goes by its indexes.
INSERT INTO live_runs (run_id, account, flow_uuid, flow_name, revision, schema_version, capabilities, state, queued_at,
    not_before, updated_at)
SELECT gen_random_uuid(), '', gen_random_uuid(), '', 0, 0, '{}', 'Padding', 'epoch', 'infinity', 'epoch'
FROM generate_series(1, 2000);
ANALYZE live_runs;

-- Ended runs, dropped month by month.
CREATE TABLE run_history (
    run_id        uuid NOT NULL,
    account       text NOT NULL,
    flow_uuid     uuid NOT NULL,
    flow_name     text NOT NULL,
    revision      bigint NOT NULL,
    state         text NOT NULL CHECK (state IN ('Successful', 'Error', 'Canceled')),
    attempt       integer NOT NULL,
    failures      integer NOT NULL,
    queued_at     timestamptz NOT NULL,
    started_at    timestamptz,
    ended_at      timestamptz NOT NULL,
    records       bigint NOT NULL,
    bytes_read    bigint NOT NULL,
    bytes_written bigint NOT NULL,
    put_failures  bigint NOT NULL DEFAULT 0,
    message       text,
    PRIMARY KEY (run_id, ended_at)
) PARTITION BY RANGE (ended_at);
CREATE INDEX run_history_flow ON run_history (flow_uuid, queued_at DESC, run_id DESC);
-- Catches what falls outside the months made ahead of time, so that the end of a run can never fail for want of one.
CREATE TABLE run_history_default PARTITION OF run_history DEFAULT;

-- Successful outcomes by client token (8 hours), so that a retry gets the same answer.
CREATE TABLE command_outcomes (
    account    text COLLATE "C" NOT NULL,
    operation  text COLLATE "C" NOT NULL,
    token      text COLLATE "C" NOT NULL,
    scope      text COLLATE "C" NOT NULL,
    digest     text NOT NULL,
    response   text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account, operation, scope, token)
);
CREATE INDEX command_outcomes_expiry ON command_outcomes (expires_at);

-- The next offset of each consumed partition, moved in the transaction of the effects.
CREATE TABLE consumer_offsets (
    epoch       text NOT NULL,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (epoch, topic, partition)
) WITH (fillfactor = 20);

-- Messages that must be sent: written with their cause, published after the commit, then deleted.
CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic       text NOT NULL,
    message_key text NOT NULL,
    headers     text NOT NULL,
    value       text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Uploads that were opened and not yet completed; a sweeper aborts those that no live attempt owns.
CREATE TABLE staged_uploads (
    bucket     text NOT NULL,
    object_key text NOT NULL,
    upload_id  text NOT NULL,
    run_id     uuid NOT NULL,
    attempt    integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (bucket, object_key, upload_id)
);
CREATE INDEX staged_uploads_run ON staged_uploads (run_id);

-- Keys the instances share: one that authenticates paging tokens and request digests.
CREATE TABLE service_keys (
    name       text PRIMARY KEY,
    secret     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO service_keys (name, secret)
VALUES ('tokens', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));

-- Finds what ended since a moment, for repairing flow_activity after a broker that forgot its messages.
CREATE INDEX run_history_ended ON run_history USING brin (ended_at);

-- Makes the partitions of this month and of the months to come.
CREATE FUNCTION millrace_prepare_history(months_ahead integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first_day timestamptz;
BEGIN
    FOR i IN 0..months_ahead LOOP
        first_day := (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + i * interval '1 month') AT TIME ZONE 'UTC';
        IF to_regclass('run_history_' || to_char(first_day AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF run_history FOR VALUES FROM (%L) TO (%L)',
                    'run_history_' || to_char(first_day AT TIME ZONE 'UTC', 'YYYY_MM'),
                    first_day,
                    ((first_day AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC');
            EXCEPTION
                -- Another controller made it at the same moment, or the default partition holds rows of that month
                -- already and keeps it.
                WHEN duplicate_table OR unique_violation OR check_violation THEN NULL;
            END;
        END IF;
    END LOOP;
END $$;

-- Drops the partitions whose runs all ended more than that many days ago; answers how many.
CREATE FUNCTION millrace_drop_history(older_than_days integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    part record;
    dropped integer := 0;
BEGIN
    FOR part IN
        SELECT c.relname,
               ((to_date(substring(c.relname FROM 'run_history_(.*)'), 'YYYY_MM') + interval '1 month')
                   AT TIME ZONE 'UTC') AS upper_bound
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'run_history'::regclass AND c.relname ~ '^run_history_\d{4}_\d{2}$'
    LOOP
        IF part.upper_bound < clock_timestamp() - older_than_days * interval '1 day' THEN
            EXECUTE format('DROP TABLE %I', part.relname);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    DELETE FROM run_history_default WHERE ended_at < clock_timestamp() - older_than_days * interval '1 day';
    RETURN dropped;
END $$;

SELECT millrace_prepare_history(3);
