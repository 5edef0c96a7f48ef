# SPDX-License-Identifier: Apache-2.0
"""Millrace itself: one api, one controller and one worker on Apache Kafka and PostgreSQL."""

import json
import pathlib
import subprocess
import time

import psycopg

from . import metrics, servers
from .client import Connection, wrk
from .figures import milliseconds
from .processes import BenchmarkFailure, Child, CPUMeter, wait_for


class Role(Child):
    """A role in a process of its own; its log tells where it listens."""

    def __init__(self, binary, role, folder, environment, number):
        super().__init__(f"{role}-{number}", [binary, role], folder, environment)
        self.role = role

    def address(self, of):
        """Of "api" or "metrics"."""

        def said():
            self.check()
            for line in self.log.read_text(errors="replace").splitlines():
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict) and entry.get("message") == f"{of} listening":
                    return entry["address"]
            return None

        return wait_for(f"{self.name}'s address", 60, said)

    def ready(self):
        self.metrics = self.address("metrics")
        host, _, port = self.metrics.rpartition(":")

        def asked():
            self.check()
            connection = Connection(f"{host}:{port}")
            try:
                request = f"GET /readyz HTTP/1.1\r\nHost: {self.metrics}\r\n\r\n".encode()
                return connection.send(request)[0] == 200
            finally:
                connection.close()

        wait_for(f"{self.name} ready", 60, asked)
        return self


class Service:
    """The servers below, the roles above, and the questions the measurements ask of them."""

    def __init__(self, binary, folder, kafka_home, slots, environment=None):
        self.binary = binary
        self.folder = pathlib.Path(folder)
        self.roles = {}
        self.started = 0
        self.postgres = servers.Postgres(folder)
        self.kafka = None
        try:
            self.kafka = servers.Kafka(kafka_home, folder)
            buckets = self.folder / "buckets"
            (buckets / "bench-in" / "one").mkdir(parents=True)
            (buckets / "bench-out").mkdir()
            (buckets / "bench-in" / "one" / "record.csv").write_text("id,name\n1,Ada\n")
            url = self.postgres.create("millrace")
            self.environment = {
                "DATABASE_URL": url,
                "KAFKA_BROKERS": self.kafka.brokers,
                "MALLOC_ARENA_MAX": 2,
                "MILLRACE_AUTH": "none",
                "MILLRACE_BUCKET_ROOT": buckets,
                "MILLRACE_LISTEN": "127.0.0.1:0",
                "MILLRACE_METRICS_LISTEN": "127.0.0.1:0",
                "MILLRACE_WORKER_SLOTS": slots,
                **(environment or {}),
            }
            migrate = Child("migrate", [binary, "migrate"], folder, self.environment)
            if migrate.process.wait(60) != 0:
                raise BenchmarkFailure(f"migrate failed:\n{migrate.tail()}")
            self.database = psycopg.connect(url, autocommit=True)
            for role in ("controller", "worker", "api"):
                self.start(role)
            self.api = self.roles["api"].address("api")
        except BaseException:
            self.close()
            raise

    def start(self, role):
        self.started += 1
        self.roles[role] = Role(self.binary, role, self.folder, self.environment, self.started)
        self.roles[role].ready()

    def stop(self, role):
        self.roles.pop(role).stop()

    def close(self):
        for role in list(self.roles):
            self.stop(role)
        if self.kafka:
            self.kafka.stop()
        self.postgres.stop()

    def value(self, query, *parameters):
        return self.database.execute(query, parameters).fetchone()[0]

    def live_runs(self):
        return self.value("SELECT count(*) FROM live_runs WHERE state <> 'Padding'")

    def wait_until_idle(self, seconds=300):
        wait_for("the end of all runs", seconds, lambda: self.live_runs() == 0, pause=0.1)

    def watched(self):
        return [*self.roles.values(), self.kafka.child, self.postgres.child]

    def scrape(self):
        return {name: metrics.scrape(role.metrics) for name, role in self.roles.items()}

    def stages(self, before):
        """What each role's own histograms say of the time since `before`."""
        after = self.scrape()
        return {name: metrics.stages(before.get(name, {}), after[name]) for name in after}


DEFINITION = {
    "flowName": "bench-latency",
    "triggerConfig": {"triggerType": "OnDemand"},
    "sourceFlowConfig": {
        "connectorType": "S3",
        "sourceConnectorProperties": {"S3": {"bucketName": "bench-in", "bucketPrefix": "one/"}},
    },
    "destinationFlowConfigList": [
        {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "bench-out"}}}
    ],
    "tasks": [
        {"taskType": "Filter", "sourceFields": ["id", "name"], "connectorOperator": {"S3": "PROJECTION"}},
        {"taskType": "Map", "sourceFields": ["id"], "destinationField": "id", "connectorOperator": {"S3": "NO_OP"}},
        {"taskType": "Map", "sourceFields": ["name"], "destinationField": "name", "connectorOperator": {"S3": "NO_OP"}},
    ],
}


# Asking without a pause takes one of two processors from what is being measured.
POLL_SECONDS = 0.0005


def memory(service, seconds):
    """Resident and proportional memory of the roles, after they were left alone."""
    time.sleep(seconds)
    figures = {}
    for name, role in service.roles.items():
        figures[f"{name} resident"], figures[f"{name} proportional"] = role.memory_megabytes()
    figures["resident"] = sum(value for name, value in figures.items() if name.endswith(" resident"))
    figures["proportional"] = sum(value for name, value in figures.items() if name.endswith(" proportional"))
    return figures


def latency(service, count, warm_up=1000):
    """One flow of one record at a time: from sending StartFlow to reading a final status."""
    connection = Connection(service.api)
    connection.call("/create-flow", DEFINITION)
    start = connection.prepare("/start-flow", {"flowName": DEFINITION["flowName"]})
    look = connection.prepare(
        "/describe-flow-execution-records", {"flowName": DEFINITION["flowName"], "maxResults": 1}
    )
    whole, answered, polls = [], [], 0
    for index in range(count + warm_up):
        if index == warm_up:
            since = service.value("SELECT clock_timestamp()")
            before = service.scrape()
        begun = time.perf_counter()
        status, body = connection.send(start)
        accepted = time.perf_counter()
        if status != 200:
            raise BenchmarkFailure(f"StartFlow: {status} {body!r}")
        run = json.loads(body)["executionId"].encode()
        while True:
            polls += 1
            status, body = connection.send(look)
            if status != 200 or run not in body:
                raise BenchmarkFailure(f"DescribeFlowExecutionRecords: {status} {body!r}")
            if b'"InProgress"' not in body:
                break
            time.sleep(POLL_SECONDS)
        ended = time.perf_counter()
        if b'"Successful"' not in body:
            raise BenchmarkFailure(f"the run failed: {body!r}")
        if index >= warm_up:
            whole.append(ended - begun)
            answered.append(accepted - begun)
    connection.close()
    inside = service.database.execute(
        "SELECT extract(epoch FROM started_at - queued_at)::float8, extract(epoch FROM ended_at - started_at)::float8,"
        " extract(epoch FROM ended_at - queued_at)::float8 FROM run_history WHERE queued_at > %s",
        (since,),
    ).fetchall()
    figures = milliseconds(whole)
    figures["polls per run"] = polls / (count + warm_up)
    parts = {
        "StartFlow answered": answered,
        "queued → claimed (database clock)": [row[0] for row in inside],
        "claimed → ended (database clock)": [row[1] for row in inside],
        "queued → ended (database clock)": [row[2] for row in inside],
    }
    for name, values in parts.items():
        measured = milliseconds(values)
        figures[f"{name} p50"], figures[f"{name} p99"] = measured["p50"], measured["p99"]
    return figures, service.stages(before)


def create_flows(service, count, connections):
    with CPUMeter(service.watched()) as cpu:
        answer = wrk(service.api, "create-flow", count, connections=connections)
    created = service.value("SELECT count(*) FROM flows WHERE name ~ '^bench-[0-9]'")
    if created < answer["accepted"]:
        raise BenchmarkFailure(f"{answer['accepted']} CreateFlow were answered, {created} flows are there")
    service.database.execute("VACUUM ANALYZE")
    return {"per second": created / answer["seconds"], "p50": answer["p50"], "p99": answer["p99"]}, cpu.seconds


def backlog(service, count, connections):
    """StartFlow for every flow with no worker alive, then the worker comes back."""
    service.wait_until_idle()
    service.stop("worker")
    before = service.scrape()
    with CPUMeter(service.watched()) as starting:
        answer = wrk(service.api, "start-flow", count, connections=connections)
    committed = service.live_runs()
    if committed < answer["accepted"]:
        raise BenchmarkFailure(f"{answer['accepted']} StartFlow were answered, {committed} runs are there")
    accepted = {"per second": committed / answer["seconds"], "p50": answer["p50"], "p99": answer["p99"]}
    accepted["answered 503 or 429"] = answer["unavailable"]
    accepting_stages = service.stages(before)

    since = service.value("SELECT clock_timestamp()")
    service.start("worker")
    before = service.scrape()
    with CPUMeter(service.watched()) as draining:
        service.wait_until_idle()
    drained = ended_since(service, since)
    if drained["runs"] < committed:
        raise BenchmarkFailure(f"{committed} runs were started, {drained['runs']} have ended: {drained}")
    return (
        accepted,
        {"per second": drained["runs"] / drained["seconds"]},
        {"accepting": starting.seconds, "draining": draining.seconds},
        {"accepting": accepting_stages, "draining": service.stages(before)},
    )


def ended_since(service, since):
    """How many runs ended after a moment, and over how long, by the database's clock; every one must be successful."""
    runs, failed, seconds = service.database.execute(
        "SELECT count(*), count(*) FILTER (WHERE state <> 'Successful'),"
        " coalesce(extract(epoch FROM max(ended_at) - min(started_at)), 0)::float8"
        " FROM run_history WHERE ended_at > %s",
        (since,),
    ).fetchone()
    if failed:
        example = service.value(
            "SELECT message FROM run_history WHERE ended_at > %s AND state <> 'Successful' LIMIT 1", since
        )
        raise BenchmarkFailure(f"{failed} of {runs} runs failed: {example}")
    return {"runs": runs, "seconds": seconds or 1e-9}


def both(service, flows, seconds, connections):
    """Starting and running at once, in a circle over some flows; a flow that still runs answers 409."""
    service.wait_until_idle()
    since = service.value("SELECT clock_timestamp()")
    before = service.scrape()
    with CPUMeter(service.watched()) as cpu:
        answer = wrk(service.api, "start-flow", flows, circle_seconds=seconds, connections=connections)
        service.wait_until_idle()
    ended = ended_since(service, since)
    figures = {
        "runs per second": ended["runs"] / ended["seconds"],
        "refused (409) per second": answer["conflicts"] / answer["seconds"],
        "p50": answer["p50"],
        "p99": answer["p99"],
    }
    return figures, cpu.seconds, service.stages(before)


def measure(binary, folder, kafka_home, sizes, report):
    """One round of everything. Returns figures, and beside them what the time went into."""
    service = Service(binary, folder, kafka_home, sizes.slots)
    try:
        results = {"memory at rest": memory(service, sizes.rest_seconds)}
        report(f"memory at rest: {results['memory at rest']}")
        details = {"versions": {"Kafka": service.kafka.version}}
        results["latency"], details["latency stages"] = latency(service, sizes.latency)
        report(f"latency: {results['latency']}")
        results["CreateFlow"], details["CreateFlow processors"] = create_flows(
            service, sizes.flows, sizes.connections
        )
        report(f"CreateFlow: {results['CreateFlow']}")
        accepted, drained, details["processors"], details["stages"] = backlog(
            service, sizes.flows, sizes.connections
        )
        results["StartFlow, workers stopped"], results["backlog"] = accepted, drained
        report(f"StartFlow: {accepted}, backlog: {drained}")
        results["both at once"], details["both processors"], details["both stages"] = both(
            service, sizes.both_flows, sizes.both_seconds, sizes.both_connections
        )
        report(f"both at once: {results['both at once']}")
        results["memory after the load"] = memory(service, sizes.rest_seconds)
        report(f"memory after the load: {results['memory after the load']}")
        return results, details
    except subprocess.SubprocessError as error:
        raise BenchmarkFailure(str(error)) from error
    finally:
        service.close()
