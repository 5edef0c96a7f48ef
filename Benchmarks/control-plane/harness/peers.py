# SPDX-License-Identifier: Apache-2.0
"""The peers: Celery, procrastinate and pgbench, each doing nothing but what a queue or a commit costs."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

import psycopg

from . import servers
from .figures import milliseconds
from .processes import BenchmarkFailure, Child, wait_for

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
WORKERS = 2


def rate(samples, total):
    """Things per second from (time, done) samples: from the first that shows any to the one that shows all."""
    start, first = next((moment, done) for moment, done in samples if done > 0)
    end = next(moment for moment, done in samples if done >= total)
    return (total - first) / (end - start) if end > start else float(total)


def watch(what, total, done, seconds=300):
    """Samples `done()` until it reaches `total`."""
    samples = []

    def reached():
        samples.append((time.monotonic(), done()))
        return samples[-1][1] >= total

    wait_for(what, seconds, reached, pause=0.02)
    return samples


class Celery:
    """Celery with its defaults: messages acknowledged before they run, results in Redis."""

    def __init__(self, broker, folder, redis, rabbitmq=None):
        self.name = f"Celery on {broker}"
        self.folder = folder
        self.database = {"Redis": 1, "RabbitMQ": 3}[broker]
        url = redis.url(self.database - 1) if broker == "Redis" else rabbitmq.url()
        self.environment = {"BENCH_BROKER": url, "BENCH_RESULTS": redis.url(self.database)}
        self.environment["PYTHONPATH"] = str(PEERS)
        os.environ.update(self.environment)
        sys.path.insert(0, str(PEERS))
        sys.modules.pop("celery_app", None)
        import celery_app
        import redis as redis_client

        self.app = celery_app.app
        self.task = celery_app.empty
        self.results = redis_client.Redis.from_url(redis.url(self.database))

    def worker(self):
        command = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "--concurrency", WORKERS]
        command += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        return Child(f"celery-{self.database}", command, self.folder, self.environment, cwd=self.folder)

    def latency(self, count):
        worker = self.worker()
        try:
            self.task.delay(0).get(timeout=60)
            seconds = []
            for index in range(count + 50):
                started = time.perf_counter()
                self.task.delay(index).get(timeout=30)
                if index >= 50:
                    seconds.append(time.perf_counter() - started)
        finally:
            worker.stop()
        return milliseconds(seconds)

    def throughput(self, count):
        self.results.flushdb()
        started = time.perf_counter()
        for index in range(count):
            self.task.apply_async((index,))
        accepted = count / (time.perf_counter() - started)
        worker = self.worker()
        try:
            samples = watch(f"{self.name}: {count} jobs", count, self.results.dbsize)
        finally:
            worker.stop()
        self.results.flushdb()
        return {"accepted": accepted, "runs": rate(samples, count)}

    def measure(self, sizes):
        return {**self.latency(sizes.peer_latency), **self.throughput(sizes.peer_backlog)}


class Procrastinate:
    """procrastinate on the same PostgreSQL: one row and one notification per job."""

    name = "procrastinate"

    def __init__(self, folder, postgres):
        self.folder = folder
        self.url = postgres.create("procrastinate")
        self.environment = {"BENCH_DATABASE": self.url, "PYTHONPATH": str(PEERS)}
        os.environ.update(self.environment)
        sys.path.insert(0, str(PEERS))
        # Made anew for each round: its pool knows the database of the one before.
        sys.modules.pop("procrastinate_app", None)
        import procrastinate_app

        self.app = procrastinate_app.app
        self.app.open()
        self.app.schema_manager.apply_schema()
        self.database = psycopg.connect(self.url, autocommit=True)

    def worker(self):
        command = [sys.executable, "-m", "procrastinate", "--app", "procrastinate_app.app", "worker"]
        return Child(
            "procrastinate", [*command, "--concurrency", 20], self.folder, self.environment, cwd=self.folder
        )

    def status(self, job):
        return self.database.execute("SELECT status FROM procrastinate_jobs WHERE id = %s", (job,)).fetchone()[0]

    def finished(self):
        query = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
        return self.database.execute(query).fetchone()[0]

    def latency(self, count):
        worker = self.worker()
        seconds = []
        try:
            defer = self.app.configure_task("empty").defer
            first = defer(value=0)
            wait_for("procrastinate's first job", 60, lambda: self.status(first) == "succeeded")
            for index in range(count + 20):
                started = time.perf_counter()
                job = defer(value=index)
                while self.status(job) != "succeeded":
                    pass
                if index >= 20:
                    seconds.append(time.perf_counter() - started)
        finally:
            worker.stop()
        return milliseconds(seconds)

    def throughput(self, count):
        self.database.execute("TRUNCATE procrastinate_jobs CASCADE")
        defer = self.app.configure_task("empty").defer
        with concurrent.futures.ThreadPoolExecutor(8) as clients:
            started = time.perf_counter()
            list(clients.map(lambda index: defer(value=index), range(count)))
            accepted = count / (time.perf_counter() - started)
        self.database.execute("VACUUM ANALYZE procrastinate_jobs")
        worker = self.worker()
        try:
            samples = watch(f"procrastinate: {count} jobs", count, self.finished)
        finally:
            worker.stop()
        return {"accepted": accepted, "runs": rate(samples, count)}

    def measure(self, sizes):
        return {**self.latency(sizes.peer_latency), **self.throughput(sizes.peer_backlog)}


class Pgbench:
    """What a commit costs here: the floor under everything that is durable."""

    def __init__(self, folder, postgres):
        self.postgres = postgres
        self.folder = pathlib.Path(folder)
        self.url = postgres.create("pgbench")
        with psycopg.connect(self.url, autocommit=True) as database:
            database.execute("CREATE TABLE one (id bigserial PRIMARY KEY, value text NOT NULL)")
        self.single = self._script("single.sql", "INSERT INTO one (value) VALUES ('a value of some length');\n")
        self.batch = self._script(
            "batch.sql", "INSERT INTO one (value) SELECT 'a value of some length' FROM generate_series(1, 1000);\n"
        )

    def _script(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def _run(self, script, clients, seconds):
        command = [self.postgres.bin / "pgbench", "-n", "-M", "prepared", "-f", script]
        command += ["-c", str(clients), "-j", "2", "-T", str(seconds), self.url]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if not (found := re.search(r"tps = ([0-9.]+)", output)):
            raise BenchmarkFailure(f"pgbench said nothing of its rate:\n{output}")
        return float(found.group(1))

    def measure(self, sizes):
        single = self._run(self.single, 16, sizes.pgbench_seconds)
        lone = self._run(self.single, 1, sizes.pgbench_seconds)
        batched = self._run(self.batch, 2, sizes.pgbench_seconds) * 1000
        with psycopg.connect(self.url, autocommit=True) as database:
            database.execute("TRUNCATE one")
        return {"commits, 16 clients": single, "commits, 1 client": lone, "rows in batches of 1,000": batched}


def measure(folder, sizes, report):
    """One round of every peer; RabbitMQ is named and left out where it is not installed or does not start."""
    postgres = servers.Postgres(folder)
    started = [postgres]
    results = {}
    try:
        results["pgbench"] = Pgbench(folder, postgres).measure(sizes)
        report(f"pgbench: {results['pgbench']}")
        peers = [lambda: Procrastinate(folder, postgres)]
        redis = servers.Redis(folder)
        started.append(redis)
        peers.append(lambda: Celery("Redis", folder, redis))
        try:
            rabbitmq = servers.RabbitMQ(folder)
            started.append(rabbitmq)
            peers.append(lambda: Celery("RabbitMQ", folder, redis, rabbitmq))
        except BenchmarkFailure as failure:
            report(f"RabbitMQ left out: {failure}")
        for make in peers:
            peer = make()
            results[peer.name] = peer.measure(sizes)
            report(f"{peer.name}: {results[peer.name]}")
    finally:
        for server in reversed(started):
            server.stop()
    return results
