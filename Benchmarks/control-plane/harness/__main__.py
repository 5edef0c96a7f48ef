# SPDX-License-Identifier: Apache-2.0
"""Runs the rounds and writes the results."""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

from . import machine, millrace, peers, report
from .processes import BenchmarkFailure

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results.md"


@dataclasses.dataclass
class Sizes:
    rounds: int = 3
    latency: int = 2000
    flows: int = 100_000
    connections: int = 128
    both_flows: int = 2000
    both_seconds: int = 30
    both_connections: int = 32
    slots: int = 16
    rest_seconds: int = 15
    peer_latency: int = 1000
    peer_backlog: int = 20_000
    pgbench_seconds: int = 10

    @classmethod
    def quick(cls):
        return cls(
            rounds=1,
            latency=300,
            flows=5000,
            both_seconds=8,
            rest_seconds=5,
            peer_latency=200,
            peer_backlog=2000,
            pgbench_seconds=3,
        )


@contextlib.contextmanager
def workspace(keep):
    """A folder on the disk that TMPDIR names; PostgreSQL's user may pass through."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-"))
    folder.chmod(0o755)
    done = False
    try:
        yield folder
        done = True
    finally:
        if done and not keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say(f"kept: {folder}")


def say(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round with small numbers")
    parser.add_argument("--only", choices=("millrace", "peers"), help="leave the other out")
    parser.add_argument("--keep", action="store_true", help="keep servers' data and logs")
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--kafka-home", type=pathlib.Path)
    parser.add_argument("--results", type=pathlib.Path, help="default: results.md for a full run, the terminal for a quick one")
    for field in dataclasses.fields(Sizes):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = Sizes.quick() if arguments.quick else Sizes()
    for field in dataclasses.fields(Sizes):
        if (value := getattr(arguments, field.name)) is not None:
            setattr(sizes, field.name, value)

    # Stopped from outside, it still stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    millrace_rounds, peer_rounds, failures, details = [], [], [], {}
    note = None
    for number in range(1, sizes.rounds + 1):
        say(f"round {number} of {sizes.rounds}")
        with workspace(arguments.keep) as folder:
            note = note or machine.note(folder, None)
            if arguments.only != "peers":
                part = folder / "millrace"
                part.mkdir()
                try:
                    if not arguments.kafka_home:
                        raise BenchmarkFailure("no Apache Kafka found: set KAFKA_HOME")
                    figures, details = millrace.measure(arguments.binary, part, arguments.kafka_home, sizes, say)
                    millrace_rounds.append(figures)
                except BenchmarkFailure as failure:
                    say(f"Millrace: {failure}")
                    failures.append(f"Millrace, round {number}: {failure}")
            if arguments.only != "millrace":
                part = folder / "peers"
                part.mkdir()
                try:
                    peer_rounds.append(peers.measure(part, sizes, say))
                except BenchmarkFailure as failure:
                    say(f"peers: {failure}")
                    failures.append(f"peers, round {number}: {failure}")
    if details:
        note.append(("Apache Kafka", details["versions"]["Kafka"]))
    text = report.render(note, sizes, millrace_rounds, details, peer_rounds, failures)
    results = arguments.results or (None if arguments.quick else RESULTS)
    if results:
        results.write_text(text)
        say(f"written: {os.path.relpath(results)}")
    else:
        print(text)
    return 1 if failures else 0


sys.exit(main())
