-- Every run's end is counted once, in whatever order events come: a flow's activity knows its latest ends, in the order
-- in which their runs were queued, and where they begin.

ALTER TABLE flow_activity
    -- The latest ends: "queued_at run_id kind" (microseconds, uuid, s, f or c), joined by commas, in queue order.
    ADD COLUMN recent_ends text NOT NULL DEFAULT '',
    -- The run that these begin after: whatever was queued no later has been counted. Absent: they begin with the first.
    ADD COLUMN settled_queued_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN settled_run uuid,
    -- Failures in a row up to there.
    ADD COLUMN settled_failures bigint NOT NULL DEFAULT 0;

-- What was counted so far stays counted; the end of a run that goes on is still to come.
UPDATE flow_activity SET
    settled_queued_at = millrace_microseconds(last_run_queued_at)
        - CASE WHEN last_run_state IN ('Successful', 'Error', 'Canceled') THEN 0 ELSE 1 END,
    settled_run = last_run,
    settled_failures = consecutive_failures
WHERE last_run IS NOT NULL;
