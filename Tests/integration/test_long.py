# SPDX-License-Identifier: Apache-2.0
"""What takes long: `make test-long`."""

import os
import shutil
import time

import pytest

from support import flows
from support.names import unique

pytestmark = pytest.mark.long

INPUT_BYTES = 5 << 30
WORKER_BYTES = 256 << 20


def peak_memory(pid):
    """Bytes of the largest resident set that a process ever had."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


@pytest.mark.parametrize("file_type", ["JSON", "CSV"])
def test_five_gigabytes_in_256_megabytes(make_cluster, services, file_type):
    """One object of 5 GB, filtered and renamed; the worker's memory must not follow the data's size."""
    buckets = services.bucket_folder()
    if shutil.disk_usage(buckets.root).free < 2.5 * INPUT_BYTES:
        pytest.skip(f"needs {2.5 * INPUT_BYTES / 1e9:.0f} GB of free disk")
    buckets.create("data-in")
    buckets.create("data-out")
    rows = 0
    os.makedirs(os.path.join(buckets.root, "data-in", "big"))
    with open(os.path.join(buckets.root, "data-in", "big", "big.csv"), "wb", buffering=1 << 20) as file:
        file.write(b"id,amount,name,comment\n")
        size = 0
        while size < INPUT_BYTES:
            block = b"".join(
                b'%d,%d.25,"name, %d",%s\n' % (number, number % 100, number, b"c" * 80) for number in range(rows, rows + 20_000))
            file.write(block)
            rows += 20_000
            size += len(block)
    cluster = make_cluster(api=1, controller=1, worker=1, environment=buckets.worker_environment())
    try:
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
        cluster.stop()
        shutil.rmtree(buckets.root, ignore_errors=True)


FLOWS = 1_000_000


def test_a_million_flows(make_cluster, services):
    """Describing, listing, creating and running stay as quick as in an empty store.

    The flows are copies of one that the API made, put into the tables directly: creating them by commands would only
    measure the client."""
    buckets = services.bucket_folder()
    cluster = make_cluster(api=1, controller=1, worker=1, environment=buckets.worker_environment())
    try:
        client = cluster.client()
        buckets.put("data-in", "data/a.csv", "id\n1\n")
        buckets.create("data-out")

        def definition(name):
            return flows.flow(name, flows.s3_source("data-in", "data"), flows.s3_destination("data-out"))

        client.create_flow(**definition("template"))
        empty = timings(cluster, definition, "empty")
        with services.postgres.connect(cluster.database) as connection:
            copy_flow(connection, "template", FLOWS)
        full = timings(cluster, definition, "full")
        print(f"empty store {empty}\nmillion flows {full}")
        for operation, seconds in full.items():
            assert seconds < 4 * empty[operation] + 0.02, f"{operation} grows with the store"
        pages, token = 0, None
        for _ in range(50):
            page = client.list_flows(maxResults=100, **({"nextToken": token} if token else {}))
            assert len(page["flows"]) == 100
            token = page["nextToken"]
            pages += 1
        assert pages == 50
    finally:
        cluster.stop()


def timings(cluster, definition, stem):
    """Median seconds of each operation."""
    client = cluster.client()
    result = {}

    def median(name, action, times=21):
        taken = []
        for number in range(times):
            started = time.perf_counter()
            action(number)
            taken.append(time.perf_counter() - started)
        result[name] = sorted(taken)[times // 2]

    median("create", lambda number: client.create_flow(**definition(f"{stem}-{number}")))
    median("describe", lambda number: client.describe_flow(flowName=f"{stem}-{number}"))
    median("list", lambda number: client.list_flows(maxResults=20))

    def run(number):
        execution = client.start_flow(flowName=f"{stem}-{number}")["executionId"]
        cluster.wait_run(f"{stem}-{number}", execution)

    median("run", run)
    return result


def copy_flow(connection, name, count):
    """Multiplies one flow's rows in every table that belongs to flows, with new uuids and names."""
    connection.execute(
        "CREATE TEMP TABLE copies AS SELECT number, gen_random_uuid() AS copy FROM generate_series(1, %s) number", [count])
    (uuid,) = connection.execute("SELECT uuid FROM flows WHERE name = %s", [name]).fetchone()
    for table, key in (("flows", "uuid"), ("flow_definitions", "flow_uuid"), ("flow_activity", "flow_uuid")):
        columns = [row[0] for row in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position", [table])]
        values = ["copies.copy" if column == key else "'copy-' || copies.number" if (table, column) == ("flows", "name")
                  else f"original.{column}" for column in columns]
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
            f"FROM {table} original, copies WHERE original.{key} = %s", [uuid])
    connection.execute("ANALYZE")
