# SPDX-License-Identifier: Apache-2.0
"""What takes long: `make test-long`."""

import os
import shutil
import time

import pytest

from support import flows
from support.bulk import copy_flow, fill_history, settle
from support.folder_buckets import FolderBuckets
from support.names import unique
from support.plans import PlanLog, summarize
from support.rclone_s3 import RcloneS3

pytestmark = pytest.mark.long

INPUT_BYTES = 5 << 30
WORKER_BYTES = 256 << 20


def peak_memory(pid):
    """Bytes of the largest resident set that a process ever had."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


class FolderStore:
    """Buckets that the worker finds on the disk."""

    def __init__(self, services):
        self.buckets = services.bucket_folder()

    def start(self):
        return self.buckets.worker_environment()

    def stop(self):
        pass


class RcloneStore:
    """Buckets on the disk, which rclone serves as S3: filled before it starts, for it remembers what a folder holds."""

    def __init__(self, services):
        services.require_rclone()
        self.server = RcloneS3()
        self.buckets = FolderBuckets(self.server.root)

    def start(self):
        return self.server.start().worker_environment()

    def stop(self):
        self.server.stop()


def write_input(path):
    """At least INPUT_BYTES of CSV; answers rows and bytes."""
    rows = size = 0
    os.makedirs(os.path.dirname(path))
    with open(path, "wb", buffering=1 << 20) as file:
        file.write(b"id,amount,name,comment\n")
        while size < INPUT_BYTES:
            block = b"".join(
                b'%d,%d.25,"name, %d",%s\n' % (number, number % 100, number, b"c" * 80) for number in range(rows, rows + 20_000))
            file.write(block)
            rows += 20_000
            size += len(block)
    return rows, size


@pytest.mark.parametrize("make_store, file_type", [(FolderStore, "JSON"), (FolderStore, "CSV"), (RcloneStore, "JSON")])
def test_five_gigabytes_in_256_megabytes(make_cluster, services, make_store, file_type):
    """One object of 5 GB, filtered and renamed; the worker's memory must not follow the data's size."""
    store = make_store(services)
    buckets = store.buckets
    if shutil.disk_usage(buckets.root).free < 2.5 * INPUT_BYTES:
        pytest.skip(f"needs {2.5 * INPUT_BYTES / 1e9:.0f} GB of free disk")
    cluster = None
    try:
        buckets.create("data-in")
        buckets.create("data-out")
        rows, size = write_input(os.path.join(buckets.root, "data-in", "big", "big.csv"))
        cluster = make_cluster(api=1, controller=1, worker=1, environment=store.start())
        (worker,) = cluster.of_role("worker")
        started = time.monotonic()
        _, record = cluster.run(
            flows.flow(unique("big"), flows.s3_source("data-in", "big"), flows.s3_destination("data-out", fileType=file_type), [
                flows.filter_task("amount", "GREATER_THAN", DATA_TYPE="double", VALUE="49.5"),
                flows.map_task("id"), flows.map_task("amount", "price"), flows.map_task("name")]),
            timeout=1800)
        assert record["executionStatus"] == "Successful", record
        assert record["executionResult"]["recordsProcessed"] == rows
        peak = peak_memory(worker.pid)
        print(f"{size / 1e6 / (time.monotonic() - started):.0f} MB/s, peak {peak / (1 << 20):.0f} MB")
        assert peak < WORKER_BYTES
        (key,) = buckets.keys("data-out")
        with open(os.path.join(buckets.root, "data-out", key), "rb") as output:
            written = sum(block.count(b"\n") for block in iter(lambda: output.read(1 << 20), b""))
        assert written == rows / 2 + (file_type == "CSV")
    finally:
        if cluster:
            cluster.stop()
        store.stop()
        shutil.rmtree(buckets.root, ignore_errors=True)


FLOWS = 1_000_000
RUNS_PER_FLOW = 10
BUSY_RUNS = 100_000

# The statements whose cost must not follow the store's size, by a piece of their text.
STATEMENTS = {
    "DescribeFlow": r"SELECT f\.uuid.*JOIN flow_definitions.*LEFT JOIN LATERAL",
    "ListFlows": r"FROM \(SELECT \* FROM flows WHERE account = \$1 AND name > \$2",
    "DescribeFlowExecutionRecords": r"FROM live_runs WHERE flow_uuid = \(SELECT.*UNION ALL.*FROM run_history",
    "claim": r"WITH picked AS MATERIALIZED.*state = 'Queued'",
    "end of runs": r"DELETE FROM live_runs r USING k.*INSERT INTO run_history",
}


def test_a_million_flows_and_ten_million_runs(make_cluster, services):
    """Creating, describing, listing, running and claiming do the same work in a full store as in an empty one: no
    statement reads a large table whole, and none looks at more blocks than deeper indexes and more months explain."""
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
        execution, _ = cluster.run(definition("template"))
        cluster.client().create_flow(**definition("busy"))

        client_before, plans = measure(cluster, log, "empty")
        before = summarize(plans, STATEMENTS)
        with log.connect() as connection:
            for step, action in (
                ("flows", lambda: copy_flow(connection, "template", FLOWS)),
                ("runs", lambda: fill_history(connection, execution, RUNS_PER_FLOW, "busy", BUSY_RUNS)),
                ("vacuum", lambda: settle(connection)),
            ):
                started = time.monotonic()
                action()
                print(f"filling, {step}: {time.monotonic() - started:.0f} s")
            large = {name for (name,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > 10000")}
            (flows_stored,), (runs_stored,) = (
                connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("flows", "run_history"))
            months = connection.execute(
                "SELECT relname, reltuples::bigint FROM pg_class WHERE relname ~ '^run_history_(2|d)[a-z0-9_]*$' "
                "AND relkind = 'r' ORDER BY 1").fetchall()
            (size,) = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
        print(f"{flows_stored} flows, {runs_stored} runs, {size}; {months}")
        assert flows_stored > FLOWS and runs_stored > FLOWS * RUNS_PER_FLOW

        client_after, plans = measure(cluster, log, "full")
        after = summarize(plans, STATEMENTS)
        for name, seconds in client_after.items():
            print(f"{name}: {client_before.get(name, float('nan')) * 1000:.2f} ms, full {seconds * 1000:.2f} ms")
        assert set(after) == set(before) == set(STATEMENTS), "a statement was renamed: see STATEMENTS"
        for name, cost in after.items():
            print(f"statement of {name}: {before[name]}; full {cost}")
        whole = {(table, plan.text) for plan in plans for table in plan.scanned_whole() & large}
        assert not whole, f"read from end to end: {whole}"
        for name, cost in after.items():
            assert cost.blocks_per_row <= 3 * before[name].blocks_per_row + 20, f"{name}: {cost}, empty {before[name]}"
        slowest = max(plans, key=lambda plan: plan.blocks)
        print(f"most blocks: {slowest.blocks} in {slowest.milliseconds:.1f} ms by {slowest.text[:120]!r}")
        for page in pages_of_flows(cluster.client(), 50):
            assert len(page) == 100
    finally:
        cluster.stop()


def definition(name):
    return flows.flow(name, flows.s3_source("data-in", "data"), flows.s3_destination("data-out"))


def measure(cluster, log, stem):
    """Median seconds of each operation as a client sees it, and the plans of all statements meanwhile."""
    client = cluster.client()
    result = {}
    log.begin()

    def median(name, action, times=21):
        taken = []
        for number in range(times):
            started = time.perf_counter()
            action(number)
            taken.append(time.perf_counter() - started)
        result[name] = sorted(taken)[times // 2]

    def run(number):
        execution = client.start_flow(flowName=f"{stem}-{number}")["executionId"]
        cluster.wait_run(f"{stem}-{number}", execution)

    def last_page_of_busy(_):
        client.describe_flow_execution_records(flowName="busy", maxResults=100, nextToken=deep)

    median("CreateFlow", lambda number: client.create_flow(**definition(f"{stem}-{number}")))
    median("a run, StartFlow to Successful", run)
    median("DescribeFlow", lambda number: client.describe_flow(flowName=f"{stem}-{number}"))
    median("DescribeFlow of the busy flow", lambda _: client.describe_flow(flowName="busy"))
    median("ListFlows, 20 of them", lambda _: client.list_flows(maxResults=20))
    median("DescribeFlowExecutionRecords", lambda number: client.describe_flow_execution_records(flowName=f"{stem}-{number}"))
    page = client.describe_flow_execution_records(flowName="busy", maxResults=100)
    if "nextToken" in page:
        median("DescribeFlowExecutionRecords of the busy flow, 100 of them",
               lambda _: client.describe_flow_execution_records(flowName="busy", maxResults=100))
        for _ in range(100):
            deep = page["nextToken"]
            page = client.describe_flow_execution_records(flowName="busy", maxResults=100, nextToken=deep)
        median("the same, its hundredth page", last_page_of_busy)
        median("DescribeFlow of a copied flow", lambda number: client.describe_flow(flowName=f"copy-{number * 47_000 + 1:07}"))
        median("DescribeFlowExecutionRecords of a copied flow",
               lambda number: client.describe_flow_execution_records(flowName=f"copy-{number * 47_000 + 2:07}"))
        deep_pages = pages_of_flows(client, 200)
        median("ListFlows, 100 of them, far inside", lambda _: next(deep_pages))
    # The plans are logged by the backends as they end a statement; the answers came after that.
    return result, log.read()


def pages_of_flows(client, count):
    """The first pages of ListFlows, 100 flows each."""
    token = None
    for _ in range(count):
        page = client.list_flows(maxResults=100, **({"nextToken": token} if token else {}))
        yield page["flows"]
        token = page["nextToken"]
