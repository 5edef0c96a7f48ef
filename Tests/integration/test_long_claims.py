# SPDX-License-Identifier: Apache-2.0
"""Claiming with 1 to 200 workers: part of `make test-long`."""

import random
import threading
import time

import pytest

from support import flows
from support.bulk import copy_flow
from support.plans import PlanLog

pytestmark = pytest.mark.long

WORKERS = (1, 20, 200)
RUNS = 20_000  # for each number of workers
AT_ONCE = 16  # what a worker with free slots asks for
PER_SECOND = 3_200  # that all workers together can run: between two claims each is busy accordingly
QUEUED = """
    INSERT INTO live_runs (run_id, account, flow_uuid, flow_name, revision, schema_version, capabilities, state,
        queued_at, not_before, updated_at)
    SELECT gen_random_uuid(), account, uuid, name, revision, schema_version, string_to_array(capabilities, ' '), 'Queued',
        t, t, t
    FROM (SELECT *, clock_timestamp() AS t FROM flows WHERE name LIKE 'copy-%' ORDER BY name) f
"""


def test_claims_of_1_to_200_workers(make_cluster, services):
    """The same load spread over more workers, each with a session of its own and the workers' own statement: every run is
    claimed once, and a claim looks at hardly more blocks with two hundred than with one. Beside it, printed: what it
    costs where all of them ask at once, all the time, and step over what the others are just taking."""
    buckets = services.bucket_folder()
    cluster = make_cluster(api=0, controller=0, worker=0, environment=buckets.worker_environment())
    log = PlanLog(services.postgres, cluster.database)
    log.enable()
    try:
        for role in ("api", "controller", "worker"):
            cluster.add(role).start()
        cluster.wait_ready()
        buckets.put("data-in", "data/a.csv", "id\n1\n")
        buckets.create("data-out")
        cluster.run(flows.flow("template", flows.s3_source("data-in", "data"), flows.s3_destination("data-out")))
        # Even an idle worker asks.
        (statement,) = {plan.text for plan in log.read() if "SKIP LOCKED" in plan.text and "ORDER BY not_before" in plan.text}
    finally:
        cluster.stop()
    with log.connect() as connection:
        copy_flow(connection, "template", RUNS)
    costs = {}
    for workers, pace in [(workers, pace) for pace in (PER_SECOND, None) for workers in WORKERS]:
        with log.connect() as connection:
            assert connection.execute(QUEUED).rowcount == RUNS
        busy = workers * AT_ONCE / pace if pace else 0
        claimed, seconds, blocks = claim_all(log, statement, workers, busy)
        assert len(claimed) == len(set(claimed)) == RUNS, "a run was claimed twice, or not at all"
        costs[workers, pace] = blocks / RUNS
        print(f"{workers} workers, busy for {busy:.3f} s with {AT_ONCE} runs: "
              f"{RUNS / seconds:.0f} runs claimed a second, {blocks / RUNS:.1f} blocks a run")
        with log.connect() as connection:
            connection.execute("DELETE FROM live_runs WHERE state = 'InProgress'")
            connection.autocommit = True
            connection.execute("VACUUM ANALYZE live_runs")
    assert costs[200, PER_SECOND] <= 3 * costs[1, PER_SECOND] + 20, costs


def claim_all(log, statement, workers, busy):
    """What the workers claimed until nothing was left, how long it took, and the blocks that they looked at."""
    claimed, failures, gate = [[] for _ in range(workers)], [], threading.Barrier(workers + 1)

    def work(number):
        try:
            with log.connect() as connection:
                connection.autocommit = True
                connection.execute("SET plan_cache_mode = force_generic_plan")
                connection.execute("SET jit = off")
                connection.execute(f"PREPARE claim AS {statement}")
                gate.wait(60)
                time.sleep(random.uniform(0, busy))
                while rows := connection.execute(
                        f"EXECUTE claim('worker-{number}', 600000, '{{s3-to-s3.1}}', {AT_ONCE})").fetchall():
                    claimed[number] += [row[0] for row in rows]
                    time.sleep(random.uniform(0.5, 1.5) * busy)
        except Exception as failure:  # told by the test, which waits for all
            failures.append(failure)
            gate.abort()

    before = blocks_read(log)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    gate.wait(120)
    started = time.monotonic()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    assert not failures, failures
    return [run for runs in claimed for run in runs], seconds, blocks_read(log) - before


def blocks_read(log):
    """Blocks that all sessions with the database looked at; each tells it when it ends."""
    time.sleep(1)
    with log.connect() as connection:
        return connection.execute(
            "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()").fetchone()[0]
