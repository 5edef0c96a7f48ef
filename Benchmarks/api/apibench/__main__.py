# SPDX-License-Identifier: Apache-2.0
"""Runs the rounds and writes the results."""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import machine
from harness.figures import median_of, number, table
from harness.processes import BenchmarkFailure

from . import api, peers

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results.md"
AIMS = {"DescribeFlow": "> 25,000", "ListFlows": "> 25,000", "CreateFlow": ""}


@dataclasses.dataclass
class Sizes:
    rounds: int = 3
    flows: int = 20_000
    described: int = 1000
    seconds: int = 15
    connections: int = 64
    peer_flows: int = 500
    peer_connections: int = 8

    @classmethod
    def quick(cls):
        return cls(rounds=1, flows=1000, described=200, seconds=3, peer_flows=50)


def say(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


@contextlib.contextmanager
def workspace(keep):
    """A folder on the disk that TMPDIR names; PostgreSQL's and nginx's users may pass through."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def one_round(arguments, sizes, failures, label):
    """The figures of one round: (who, operation) → figures."""
    found = {}
    with workspace(arguments.keep) as folder:
        try:
            if not arguments.kafka_home:
                raise BenchmarkFailure("no Apache Kafka found: set KAFKA_HOME")
            figures, cores, given = api.measure(arguments.binary, folder, arguments.kafka_home, sizes, say)
            for name, one in figures.items():
                busy = {f"cores of {who.split('-')[0]}": value for who, value in cores[name].items()}
                found["Millrace", name] = {**one, **busy}
        except BenchmarkFailure as failure:
            failures.append(f"Millrace, {label}: {failure}")
            return found
        for name, measure in (
            ("nginx", lambda: peers.nginx(folder, given["answer"], given["requests"], sizes)),
            ("moto", lambda: peers.moto(folder, sizes)),
        ):
            try:
                figures, cores = measure()
                for operation, one in figures.items():
                    busy = {f"cores of {who}": value for who, value in cores[operation].items()}
                    found[name, operation] = {**one, **busy}
                say(f"{name}: {figures}")
            except (BenchmarkFailure, OSError) as failure:
                failures.append(f"{name}, {label}: {failure}")
    return found


def signature_cost(program, rounds):
    runs = [json.loads(subprocess.run([program], capture_output=True, text=True, check=True).stdout) for _ in range(rounds)]
    return median_of(runs)


def render(note, sizes, rounds, cost, failures):
    parts = ["# The api, signatures on\n", "Made by `make bench-api`; how it measures is in README.md beside this file.\n"]
    parts.append(table(("machine", ""), note))
    parts.append(f"Medians of {sizes.rounds} round(s). wrk with one thread and {sizes.connections} connections (moto {sizes.peer_connections}).\n")
    parts += [f"**Not measured:** {failure}\n" for failure in failures]
    keys = list(dict.fromkeys(key for one in rounds for key in one))
    rows = []
    for who, operation in keys:
        figures = median_of([one[who, operation] for one in rounds if (who, operation) in one])
        cores = ", ".join(f"{name.removeprefix('cores of ')} {value:.2f}" for name, value in figures.items() if name.startswith("cores of "))
        rows.append((who, operation, number(figures["per second"]), AIMS.get(operation, ""), number(figures["p50"]), number(figures["p99"]), cores))
    parts.append(table(("", "operation", "per second", "aim", "p50, ms", "p99, ms", "cores used"), rows))
    parts.append("## Checking a signature\n")
    parts.append(table(("request", "µs", "aim"), [(name, number(value), "< 15") for name, value in cost.items()]))
    return "\n".join(parts)


def main():
    parser = argparse.ArgumentParser(prog="bench-api", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round with small numbers")
    parser.add_argument("--keep", action="store_true", help="keep servers' data and logs")
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--signature-cost", type=pathlib.Path, required=True)
    parser.add_argument("--kafka-home", type=pathlib.Path)
    parser.add_argument("--results", type=pathlib.Path, help="default: results.md for a full run, the terminal for a quick one")
    arguments = parser.parse_args()
    sizes = Sizes.quick() if arguments.quick else Sizes()
    # Stopped from outside, it still stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    note = machine.note(pathlib.Path(tempfile.gettempdir()), None)
    failures, rounds = [], []
    for index in range(1, sizes.rounds + 1):
        say(f"round {index} of {sizes.rounds}")
        rounds.append(one_round(arguments, sizes, failures, f"round {index}"))
    cost = signature_cost(arguments.signature_cost, sizes.rounds)
    text = render(note, sizes, rounds, cost, failures)
    results = arguments.results or (None if arguments.quick else RESULTS)
    if results:
        results.write_text(text)
        say(f"written: {os.path.relpath(results)}")
    else:
        print(text)
    return 1 if failures else 0


sys.exit(main())
