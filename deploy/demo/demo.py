#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one example flow on a `millrace dev` of its own and shows what it did.

Starts the service in a fresh folder (or --data-dir), lays the penguins' CSV into the folder that serves as S3, then
does what any client of Amazon AppFlow does, with boto3: create the flow, start it, wait, read the execution record.
The records are counted against the CSV itself. Exits 0 only if everything, the stop included, went well.
"""

import argparse
import collections
import csv
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

HERE = pathlib.Path(__file__).resolve().parent
CSV = HERE / "data" / "penguins_raw.csv"
START_SECONDS = 90  # the first start also creates a database cluster
RUN_SECONDS = 60
STOP_SECONDS = 60


class DemoFailure(Exception):
    pass


def wait_for(what, seconds, attempt):
    """Calls `attempt` until it returns something, at most for `seconds`."""
    deadline = time.monotonic() + seconds
    while (found := attempt()) is None:
        if time.monotonic() > deadline:
            raise DemoFailure(f"{what}: nothing after {seconds} seconds")
        time.sleep(0.05)
    return found


class Service:
    """`millrace dev` as a child, its log in a file."""

    def __init__(self, binary, data_dir):
        self.buckets = data_dir / "buckets"
        self.log = data_dir / "dev.log"
        command = [binary, "dev", "--data-dir", str(data_dir), "--bucket-root", str(self.buckets)]
        command += ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def addresses(self):
        """Where the API and the metrics listen, once the log says both."""
        if (status := self.process.poll()) is not None:
            raise DemoFailure(f"millrace dev ended by itself with status {status}")
        found = {}
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # not a log line, or one that is still being written
            if isinstance(entry, dict) and str(entry.get("message")).endswith(" listening"):
                found[entry["message"]] = entry.get("address")
        if "api listening" in found and "metrics listening" in found:
            return found["api listening"], found["metrics listening"]
        return None

    def tail(self, lines=40):
        with self.log.open(errors="replace") as log:
            return "".join(collections.deque(log, lines))

    def stop(self):
        """Stops it as an operator would; whatever does not end in time is killed and counts as a failure."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise DemoFailure(f"millrace dev did not stop within {STOP_SECONDS} seconds") from None
        if status != 0:
            raise DemoFailure(f"millrace dev stopped with status {status}")


def client(address):
    return boto3.client(
        "appflow",
        endpoint_url=f"http://{address}",
        region_name="us-east-1",
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
        config=botocore.config.Config(retries={"total_max_attempts": 2}, proxies={}),
    )


def ready(metrics):
    """True once every part answers; None while one still starts."""
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"http://{metrics}/readyz", timeout=5):
            return True
    except OSError:
        return None


def expected_records():
    """The same question, asked of the CSV without Millrace."""
    with CSV.open(newline="") as file:
        return sum(
            row["Island"] == "Biscoe" and row["Body Mass (g)"].isdigit() and int(row["Body Mass (g)"]) > 5500
            for row in csv.DictReader(file)
        )


def run_flow(appflow, buckets):
    definition = json.loads((HERE / "flow.json").read_text())
    name = definition["flowName"]
    source = definition["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]
    target = definition["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]

    folder = buckets / source["bucketName"] / source["bucketPrefix"]
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(CSV, folder)
    (buckets / target["bucketName"]).mkdir(exist_ok=True)
    print(f"source    {CSV.name}, {CSV.stat().st_size:,} bytes, in bucket {source['bucketName']}")

    try:
        appflow.delete_flow(flowName=name, forceDelete=True)  # left by an earlier demo in the same data folder
    except appflow.exceptions.ResourceNotFoundException:
        pass
    print(f"created   {appflow.create_flow(**definition)['flowArn']}")
    started = time.monotonic()
    run = appflow.start_flow(flowName=name)["executionId"]

    def finished():
        record = appflow.describe_flow_execution_records(flowName=name)["flowExecutions"][0]
        if record["executionId"] != run:
            raise DemoFailure(f"the newest run is {record['executionId']}, not {run}")
        return None if record["executionStatus"] == "InProgress" else record

    record = wait_for(f"run {run}", RUN_SECONDS, finished)
    result = record.get("executionResult", {})
    seconds = time.monotonic() - started
    print(f"run       {run}: {record['executionStatus']} after {seconds * 1000:.0f} ms")
    print(
        f"figures   {result.get('recordsProcessed', 0)} records, {result.get('bytesProcessed', 0):,} bytes read, "
        f"{result.get('bytesWritten', 0):,} bytes written"
    )
    if record["executionStatus"] != "Successful":
        raise DemoFailure(result.get("errorInfo", {}).get("executionMessage", "the run failed"))

    files = [file for file in (buckets / target["bucketName"]).rglob("*") if file.is_file() and run in file.name]
    records = [line for file in files for line in file.read_text().splitlines()]
    print(f"output    {', '.join(str(file.relative_to(buckets)) for file in files)}")
    for line in records[:5]:
        print(f"          {line}")
    print(f"          … {len(records)} records in all")
    if len(records) != expected_records():
        raise DemoFailure(f"{len(records)} records written; the CSV holds {expected_records()} that match")
    for line in records:
        json.loads(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, help="the millrace executable")
    parser.add_argument("--data-dir", type=pathlib.Path, help="kept afterwards; default: a fresh one, removed at the end")
    arguments = parser.parse_args()

    keep = arguments.data_dir is not None
    data_dir = arguments.data_dir.resolve() if keep else pathlib.Path(tempfile.mkdtemp(prefix="millrace-demo-"))
    data_dir.mkdir(parents=True, exist_ok=True)
    if not keep:
        data_dir.chmod(0o755)  # started by root, PostgreSQL runs as another user and must reach its own folder
    print(f"starting  millrace dev in {data_dir}")
    service = Service(arguments.binary, data_dir)
    failure = None
    try:
        api, metrics = wait_for("millrace dev", START_SECONDS, service.addresses)
        wait_for("all parts of millrace dev", START_SECONDS, lambda: ready(metrics))
        print(f"serving   http://{api}")
        run_flow(client(api), service.buckets)
    except (DemoFailure, botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        failure = error
    finally:
        try:
            service.stop()
        except DemoFailure as error:
            failure = failure or error
    if failure:
        print(f"\nlast lines of the log:\n{service.tail()}\ndemo: FAILED: {failure}", file=sys.stderr)
        return 1
    if not keep:
        shutil.rmtree(data_dir)
    print("stopped   cleanly")
    return 0


if __name__ == "__main__":
    sys.exit(main())
